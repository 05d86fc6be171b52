"""What moved in a source: seen in the row versions that a transaction sees, never in statistics, which come late.

A row version is known by its table's file, its place in it (ctid) and the transaction that wrote it (xmin). While a
server runs, no two versions have all three in common, so equal sets of versions are equal rows. A sum of a set is the
XOR of a 64-bit hash of each version: sums of parts make the sum of the whole, in whatever order.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.model import TableName, utc_text
from wedsync_dr.source.catalog import Catalog, Table
from wedsync_dr.source.reader import Reader

_FARTHEST = 2**31
_HORIZON = """
SELECT extract(epoch FROM pg_postmaster_start_time())::text, extract(epoch FROM b.stats_reset)::text,
       pg_is_in_recovery(), d.oid::text, pg_current_snapshot()::text, pg_snapshot_xmax(pg_current_snapshot())::text,
       has_function_privilege('pg_catalog.pg_control_checkpoint()', 'EXECUTE')
FROM pg_database d, pg_stat_bgwriter b WHERE d.datname = current_database()
"""
_SHAPE = """
WITH spaces AS (
  SELECT oid FROM pg_namespace
  WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_(toast|temp)'),
relations AS (
  SELECT c.oid FROM pg_class c JOIN spaces s ON s.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'c') AND c.relpersistence <> 't'),
types AS (
  SELECT t.oid, t.xmin FROM pg_type t JOIN spaces s ON s.oid = t.typnamespace
  WHERE t.typtype <> 'c' AND t.typcategory <> 'A'),
versions (part, number, version) AS (
  SELECT a.attrelid, a.attnum, a.xmin FROM pg_attribute a JOIN relations r ON r.oid = a.attrelid
  UNION ALL SELECT c.oid, -1, c.xmin FROM pg_constraint c JOIN relations r ON r.oid = c.conrelid
    WHERE c.contype IN ('p', 'u', 'f')
  UNION ALL SELECT oid, -2, xmin FROM types
  UNION ALL SELECT e.oid, -3, e.xmin FROM pg_enum e JOIN types t ON t.oid = e.enumtypid
  UNION ALL SELECT oid, -4, xmin FROM pg_extension)
SELECT count(*), sum(hashint8extended(version::text::bigint, (part::bigint << 24) + number))::text FROM versions
"""
_TABLES = """
SELECT n.nspname::text, c.relname::text, c.oid::bigint, coalesce(am.amname = 'heap', c.relkind = 'p') AND NOT EXISTS (
  SELECT FROM pg_partition_tree(CASE c.relkind WHEN 'p' THEN c.oid END) p
  JOIN pg_class l ON l.oid = p.relid LEFT JOIN pg_am a ON a.oid = l.relam
  WHERE p.isleaf AND l.relkind <> 'p' AND a.amname IS DISTINCT FROM 'heap')
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_am am ON am.oid = c.relam
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
"""


@dataclass(frozen=True)
class Horizon:
    """What a transaction sees. Row versions of two horizons are comparable where `comparable` says so.

    `server` is one run of a server's processes on one database: a start, a crash, a promotion and a restored copy each
    give another one, as transaction ids are used again behind each. `shape` is all that rows' texts and owners hang on
    apart from rows. `snapshot` is which transactions are seen; empty on a standby, which does not tell.
    """

    server: str
    shape: str
    snapshot: str
    next_xid: int

    def comparable(self, other: "Horizon") -> bool:
        """Whether a row version that both see has one hash, and different ones have different hashes."""
        near = abs(self.next_xid - other.next_xid) < _FARTHEST
        return near and (self.server, self.shape) == (other.server, other.shape)

    def same(self, other: "Horizon") -> bool:
        """Whether both see exactly the same row versions, without a look at any."""
        return self.comparable(other) and self.snapshot == other.snapshot != ""


def horizon_of(reader: Reader, catalog: Catalog) -> Horizon:
    """What the reader's transaction sees."""
    ((start, reset, standby, database, snapshot, next_xid, may_ask),) = reader.rows(_HORIZON)
    timeline = reader.rows("SELECT timeline_id FROM pg_control_checkpoint()") if may_ask else []
    server = [reader.identity.system, database, start, reset, standby, timeline]
    shape = [reader.rows(_SHAPE), catalog.fingerprint]
    return Horizon(_digest(server), _digest(shape), "" if standby else snapshot, int(next_xid))


class Versions:
    """Hashes of row versions, as SQL, for one transaction.

    A table that is no heap, and one with names of other objects in its columns, can change without a new version: it
    has other hashes at every instant.
    """

    def __init__(self, reader: Reader, catalog: Catalog, horizon: Horizon) -> None:
        self._next = horizon.next_xid
        instant = f"{utc_text(reader.instant.taken_at)} {horizon.snapshot}"
        self._files: dict[TableName, str] = {}
        for schema, name, oid, is_heap in reader.rows(_TABLES):
            table = catalog.tables.get(TableName(schema, name))
            if table:
                salt = _salt(oid, "" if is_heap and not _names_others(table) else instant)
                self._files[table.name] = _file_sql(oid, salt, table.partitioned)

    def sum_sql(self, table: TableName) -> str:
        """The sum of some rows, called `t`, of a table: an aggregate."""
        writer = f"{self._next} - (({self._next} - t.xmin::pg_catalog.text::bigint) & 4294967295)"
        return f"pg_catalog.bit_xor(pg_catalog.hashtidextended(t.ctid, ({writer}) # {self._files[table]}))"


def _file_sql(oid: int, salt: int, partitioned: bool) -> str:
    """Which file a row lies in: asked once the statement holds its lock, so that it is the file that is read."""
    if partitioned:
        seed = f"({salt})::bigint # t.tableoid::bigint"
        return f"pg_catalog.hashoidextended(pg_catalog.pg_relation_filenode(t.tableoid), {seed})"
    return f"(SELECT pg_catalog.hashoidextended(pg_catalog.pg_relation_filenode({oid}), {salt}))"


def table_sums(reader: Reader, versions: Versions, tables: Collection[Table]) -> dict[TableName, int]:
    """The sum of each whole table: one plain scan, no join. Raises SourceRefused and SourceUnreachable."""
    found = {}
    for table in tables:
        try:
            ((total,),) = reader.rows(f"SELECT {versions.sum_sql(table.name)} FROM {table.from_sql} AS t")
        except DisasterRecoveryError as error:
            raise error.at(str(table.name)) from None
        found[table.name] = total or 0
    return found


def moved_tables(before: Mapping[TableName, int], after: Mapping[TableName, int]) -> frozenset[TableName]:
    """The tables whose rows are not the same in both."""
    return frozenset(table for table in before.keys() | after.keys() if before.get(table) != after.get(table))


def _names_others(table: Table) -> bool:
    return any(column.base_type.removeprefix("pg_catalog.").startswith("reg") for column in table.columns)


def _salt(oid: int, instant: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{oid} {instant}".encode()).digest()[:8], "big", signed=True)


def _digest(parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()
