"""A scope and all that it refers to, laid aside for inspection: in an empty database, or in a schema of its own.

The tables are made from what the snapshot says of them, with their primary keys and nothing else: no foreign keys,
defaults or triggers, so rows of any state can be looked at. A type that the database does not have becomes text.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from wedsync_dr.errors import RestoreNotEqual
from wedsync_dr.model import LinkedRow, Manifest, TableName, quoted
from wedsync_dr.restore.apply import Applied, refuse_conflicts
from wedsync_dr.restore.conflicts import PlanConflict
from wedsync_dr.restore.difference import Mode, TableChange
from wedsync_dr.restore.holders import Holders, Values
from wedsync_dr.restore.parents import ParentSearch
from wedsync_dr.restore.plan import RestorePlan
from wedsync_dr.restore.resolve import RecoveryPoint
from wedsync_dr.restore.selection import Selection
from wedsync_dr.restore.statements import copy_in
from wedsync_dr.restore.terms import Terms
from wedsync_dr.restore.unlinked import open_links
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.opening import OpenSnapshot, SealedTable
from wedsync_dr.snapshot.sealed_rows import TableHead
from wedsync_dr.source.session import Reader, Session, connect, reading, translated
from wedsync_dr.vault.archive import Archive

_TABLES = """
SELECT n.nspname::text, c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname !~ '^pg_(toast|temp)'
"""
_TYPES = "SELECT name, to_regtype(name) IS NOT NULL FROM unnest(%s::text[]) AS name"


@dataclass(frozen=True)
class AsSealed:
    """A snapshot as it was sealed: nothing has to fit."""

    snapshot: OpenSnapshot

    @property
    def manifest(self) -> Manifest:
        return self.snapshot.manifest

    @property
    def links(self) -> Sequence[LinkedRow]:
        return self.snapshot.links

    @property
    def followed(self) -> set[tuple[TableName, TableName, tuple[str, ...]]]:
        tables = self.snapshot.tables.items()
        return {(name, key.target, key.target_columns) for name, table in tables for key in table.head.foreign_keys}

    def table(self, name: TableName) -> SealedTable | None:
        return self.snapshot.tables.get(name)


def is_laid_aside(database: Source, terms: Terms) -> bool:
    """Whether a copy makes its tables: it is asked to, or the database has none at all."""
    if terms.mode is not Mode.copy:
        return False
    if terms.schema:
        return True
    with _connected(database) as connection, reading(connection) as reader:
        return not reader.rows(f"{_TABLES} LIMIT 1")


def _connected(database: Source) -> Session:
    return connect(database.url, name="wedsync-dr copy", patience=database.patience)


def plan_aside(database: Source, archive: Archive, point: RecoveryPoint, terms: Terms) -> RestorePlan:
    """The tables and rows to lay aside. What the recovery points do not hold is missing there, too, and named."""
    snapshot = point.snapshot(archive)
    selection = Selection(terms, [table.head for table in snapshot.tables.values()])
    changes = [
        TableChange(head, inserts=tuple(selection.pick(head, snapshot.tables[head.table].lines)[0]))
        for head in selection.heads
    ]
    holders = Holders(archive, AsSealed(snapshot), AsSealed, terms.as_of)
    search = ParentSearch(holders, _nothing_is_there, AsSealed(snapshot))
    search.search([(change.head, change.inserts) for change in changes], {c.table: _table(c) for c in changes})
    written = [(c.head, c.inserts) for c in changes] + [(p.head, p.lines) for p in search.found]
    missing = open_links(written, search.lacks, lambda *_: ())
    places = _places([head for head, _ in written], terms.schema)
    with _connected(database) as connection, reading(connection) as reader:
        types = _types(reader, [head for head, _ in written])
        taken = {TableName(*row) for row in reader.rows(_TABLES)} & set(places.values())
    changes = [TableChange(_head(change.head, places, types), inserts=change.inserts) for change in changes]
    parents = [replace(parent, head=_head(parent.head, places, types)) for parent in search.found]
    return RestorePlan(
        scope=snapshot.manifest.scope,
        manifest=snapshot.manifest,
        terms=terms,
        changes=tuple(changes),
        parents=tuple(parents),
        missing=tuple(link for link in missing if not link.lack.dangling),
        unlinked=(),
        dirty=(),
        fits=(),
        conflicts=tuple(_already_there(table) for table in sorted(taken)),
        silent=(),
        refused=tuple((snapshot_id, found[0].code.value) for snapshot_id, found in point.refused),
        refused_parents=tuple(holders.refused),
        left_behind=(),
        fingerprint=hashlib.sha256(repr(sorted(places.items())).encode()).hexdigest(),
        live={},
        expected={},
        relied_on={},
        creates_tables=True,
    )


def lay_aside(database: Source, archive: Archive, plan: RestorePlan, *, now: datetime, requested_by: str) -> Applied:
    """Make the tables, fill them, read them again and commit, whole or not at all.

    Raises Conflict where a table is there already, RestoreNotEqual, SourceRefused and SourceUnreachable.
    """
    refuse_conflicts(plan)
    started = time.monotonic()
    story = {"kind": plan.scope.kind.value, "id": plan.scope.id, "snapshot_id": plan.manifest.snapshot_id}
    story |= {"mode": plan.mode.value, "requested_by": requested_by}
    archive.ledger.append("restore-started", story, now)
    writes = [(change.head, change.inserts) for change in plan.changes]
    writes += [(parent.head, parent.lines) for parent in plan.parents]
    with _connected(database) as connection, translated(), connection.transaction():
        _make(connection, [head for head, _ in writes])
        for head, lines in writes:
            copy_in(connection, head.table.sql, head, lines)
        _require_equal(Reader(connection), writes)
    archive.ledger.append("restored", story | {"rows": plan.rows}, now)
    return Applied(plan.rows, time.monotonic() - started)


def _nothing_is_there(_table: TableName, _columns: tuple[str, ...], _values: set[Values]) -> set[Values]:
    return set()


def _table(change: TableChange) -> SealedTable:
    return SealedTable(change.head, change.inserts)


def _places(heads: Iterable[TableHead], schema: str | None) -> dict[TableName, TableName]:
    """Where each table goes; in one schema, tables that share a name get their schema's before it."""
    tables = sorted({head.table for head in heads})
    if not schema:
        return {table: table for table in tables}
    names = Counter(table.name for table in tables)
    return {t: TableName(schema, t.name if names[t.name] == 1 else f"{t.schema}_{t.name}") for t in tables}


def _types(reader: Reader, heads: Iterable[TableHead]) -> dict[str, str]:
    """Each type as the database can make it."""
    kinds = sorted({kind for head in heads for _, kind in head.columns})
    return {str(kind): str(kind) if known else "text" for kind, known in reader.rows(_TYPES, [kinds])}


def _head(head: TableHead, places: Mapping[TableName, TableName], types: Mapping[str, str]) -> TableHead:
    return TableHead(places[head.table], tuple((name, types[kind]) for name, kind in head.columns), head.key)


def _already_there(table: TableName) -> PlanConflict:
    remedy = "Drop it if it is an older copy, or choose another --schema."
    return PlanConflict("already-there", table, "The target has a table of that name.", remedy)


def _make(connection: Session, heads: Iterable[TableHead]) -> None:
    """The schemas and tables; a table that snapshots of different schemas hold gets the columns of all of them."""
    by_table: dict[TableName, list[TableHead]] = {}
    for head in heads:
        by_table.setdefault(head.table, []).append(head)
    for schema in sorted({table.schema for table in by_table}):
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}".encode())
    for table, found in by_table.items():
        columns: dict[str, str] = {}
        for name, kind in (column for head in found for column in head.columns):
            columns[name] = kind if columns.setdefault(name, kind) == kind else "text"
        parts = [f"{quoted(name)} {kind}" for name, kind in columns.items()]
        key = found[0].key if all(head.key == found[0].key for head in found) else ()
        parts += [f"PRIMARY KEY ({', '.join(map(quoted, key))})"] if key else []
        connection.execute(f"CREATE TABLE {table.sql} ({', '.join(parts)})".encode())


def _require_equal(reader: Reader, writes: Sequence[tuple[TableHead, tuple[bytes, ...]]]) -> None:
    for head, lines in _by_head(writes):
        names = ", ".join(map(quoted, head.names))
        found = Counter(bytes(line) for line in reader.copy(f"SELECT {names} FROM {head.table.sql}"))
        if Counter(lines) - found:
            raise RestoreNotEqual(
                f"After writing, {head.table} did not hold what the snapshot says; all was rolled back.",
                remedy="Look for event triggers that change new tables, or copy into another database.",
            )


def _by_head(writes: Sequence[tuple[TableHead, tuple[bytes, ...]]]) -> Iterator[tuple[TableHead, tuple[bytes, ...]]]:
    lines: dict[TableHead, tuple[bytes, ...]] = {}
    for head, more in writes:
        lines[head] = lines.get(head, ()) + more
    yield from lines.items()
