"""What goes wrong in the story, and an independent look at the database before and after.

Equality is shown by the text of every row as PostgreSQL prints it, not by the product's own hashes.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from wedsync_dr.model import ScopeId
from wedsync_dr.scope.survey import Source, Survey, survey
from wedsync_dr.source.catalog import Table
from wedsync_dr.source.session import connect


@dataclass(frozen=True)
class Picture:
    """A database at one instant: of every table a hash over all its rows; and a hash of one scope's own rows."""

    tables: Mapping[str, str]
    scope_rows: int
    scope_hash: str

    def different(self, other: "Picture") -> list[str]:
        """The tables in which any row differs."""
        return sorted(name for name in {*self.tables, *other.tables} if self.tables.get(name) != other.tables.get(name))


def picture(source: Source, scope: ScopeId) -> Picture:
    """Read every row of every table once, and the scope's rows by themselves."""
    with survey(source) as seen:
        tables = {str(table.name): _hash(seen.reader.copy(_all_rows(table))) for table in seen.catalog.tables.values()}
        own = [
            f"{table.name}\t".encode() + line
            for table in seen.catalog.tables.values()
            for line in _own_rows(seen, scope, table, tuple(column.name for column in table.columns))
        ]
    return Picture(tables, len(own), _hash(own))


def destroy(source: Source, scope: ScopeId) -> int:
    """Delete every row of a scope, as a bad script with too many rights would. Returns how many."""
    with survey(source) as seen:
        places = {table: _places(seen, scope, table) for table in seen.catalog.tables.values()}
    with connect(source.url, name="the accident") as connection, connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")  # no trigger and no key stands in the way
        deleted = 0
        for table, spots in places.items():
            statement = f"DELETE FROM {table.from_sql} AS t WHERE t.tableoid::text || t.ctid::text = ANY (%s)"  # noqa: S608
            deleted += connection.execute(statement.encode(), [spots]).rowcount if spots else 0
    return deleted


def flip_bit(path: Path) -> None:
    """Change one bit in the middle of a file, as a failing disk would."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)  # the vault writes once; a disk does not ask
    path.write_bytes(data)


def _all_rows(table: Table) -> str:
    return f"SELECT t::text FROM {table.from_sql} AS t"  # noqa: S608


def _places(seen: Survey, scope: ScopeId, table: Table) -> list[str]:
    rows = _own_rows(seen, scope, table, ("tableoid", "ctid"))
    return ["".join(line.decode().split()) for line in rows]


def _own_rows(seen: Survey, scope: ScopeId, table: Table, columns: tuple[str, ...]) -> Iterator[bytes]:
    """The scope's rows without their owner."""
    for line in seen.reader.copy(seen.ownership.select(table.name, columns, [scope])):
        yield bytes(line).partition(b"\t")[2]


def _hash(lines: Iterator[memoryview | bytes] | list[bytes]) -> str:
    """The same for the same lines in any order."""
    whole = hashlib.sha256()
    for digest in sorted(hashlib.sha256(line).digest() for line in lines):
        whole.update(digest)
    return whole.hexdigest()
