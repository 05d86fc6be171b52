"""Values of a wedding's rows and of the rows they refer to, each from its owner's newest recovery point.

Only rows that the wedding refers to are ever looked up, by exactly the value that it refers to them with.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from wedsync_dr.model import Kind, TableName
from wedsync_dr.pack.mapping import Path, Section
from wedsync_dr.pack.values import member, plain
from wedsync_dr.restore.aside import AsSealed
from wedsync_dr.restore.holders import Held, Holders, Links, Reference, Values
from wedsync_dr.scope.rules import Reference as Declared
from wedsync_dr.snapshot.opening import OpenSnapshot, SealedTable
from wedsync_dr.snapshot.sealed_rows import TableHead
from wedsync_dr.source.copytext import NULL, text_of
from wedsync_dr.vault.archive import Archive


@dataclass(frozen=True)
class Row:
    """A row, and the snapshot that it is from."""

    head: TableHead
    fields: Values = field(repr=False)
    held: Held = field(repr=False)

    def raw(self, column: str) -> tuple[str | None, str] | None:
        """The value and type of a column; None where the table has no such column."""
        if column not in self.head.names:
            return None
        place = self.head.names.index(column)
        return text_of(self.fields[place]), self.head.columns[place][1]


class Lookup:
    """Reads one wedding's snapshot. `unknown` are the columns that were asked for and do not exist."""

    def __init__(self, archive: Archive, snapshot: OpenSnapshot, declared: tuple[Declared, ...] = ()) -> None:
        self._own = AsSealed(snapshot)
        self._holders = Holders(archive, self._own, AsSealed, None)
        self._declared = {(one.source.table, one.source.column): one.target for one in declared}
        self._links: dict[int, Links] = {}
        self._indexes: dict[tuple[int, Reference], Mapping[Values, Row]] = {}
        self._found: dict[tuple[int, Reference, Values], Row | None] = {}
        self.unknown: dict[str, None] = {}

    def rows(self, table: TableName) -> Iterator[Row]:
        """The wedding's own rows of a table, and none of anybody else."""
        sealed = self._own.table(table)
        return _rows(sealed, self._own) if sealed else iter(())

    def text(self, row: Row, section: Section, name: str) -> str | None:
        """The value that a section has for a thing, as PostgreSQL prints it; None where there is none."""
        found = self._at(row, section, name)
        return found[0] if found else None

    def plain(self, row: Row, section: Section, name: str) -> str:
        """The same on one line, for people; empty where there is none."""
        found = self._at(row, section, name)
        return plain(*found) if found else ""

    def _at(self, row: Row, section: Section, name: str) -> tuple[str | None, str] | None:
        found = [self._end(row, path) for path in section.columns.get(name, ())]
        return next((one for one in found if one and one[0]), None)

    def _end(self, row: Row, path: Path) -> tuple[str | None, str] | None:
        end = self._follow(row, path)
        found = end.raw(path.column) if end else None
        if end and found is None:
            self._miss(end.head, path.column, path)
        return (member(found[0], path.member), "text") if found and path.member else found

    def _follow(self, row: Row, path: Path) -> Row | None:
        here: Row | None = row
        for step in path.steps:
            if here is None:
                return None
            here = self._step(here, step, path)
        return here

    def _step(self, row: Row, column: str, path: Path) -> Row | None:
        if column not in row.head.names:
            self._miss(row.head, column, path)
            return None
        for key in sorted(row.head.foreign_keys, key=lambda key: len(key.columns)):
            if column == key.columns[-1]:
                value = tuple(row.fields[i] for i in row.head.positions(key.columns))
                return self._named(row, (key.target, key.target_columns), value)
        target = self._declared.get((row.head.table, column))
        value = (row.fields[row.head.names.index(column)],)
        return self._index(row.held, (target.table, (target.column,))).get(value) if target else None

    def _named(self, row: Row, reference: Reference, value: Values) -> Row | None:
        if NULL in value:
            return None
        key = (id(row.held), reference, value)
        if key not in self._found:
            self._found[key] = self._index(row.held, reference).get(value) or self._linked(row, reference, value)
        return self._found[key]

    def _linked(self, row: Row, reference: Reference, value: Values) -> Row | None:
        """The row from the recovery points of whoever owns it, the newest first; never one of another wedding."""
        links = self._links.setdefault(id(row.held), Links(row.held))
        owners, _ = links.owners(row.head.table, reference, {value})
        for owner in owners:
            if owner.kind is Kind.WEDDING and owner != self._own.manifest.scope:
                continue
            for point in self._holders.points(owner, row.held.manifest.snapshot_id):
                if found := self._index(point, reference).get(value):
                    return found
        return None

    def _index(self, held: Held, reference: Reference) -> Mapping[Values, Row]:
        key = (id(held), reference)
        if key not in self._indexes:
            self._indexes[key] = _indexed(held, reference)
        return self._indexes[key]

    def _miss(self, head: TableHead, column: str, path: Path) -> None:
        close = get_close_matches(column, head.names, n=1, cutoff=0.4)
        hint = f"; did you mean {close[0]!r}?" if close else "."
        self.unknown[f"{head.table} has no column {column!r}, which [pack] names as {path}{hint}"] = None


def _rows(sealed: SealedTable, held: Held) -> Iterator[Row]:
    for line in sealed.lines:
        yield Row(sealed.head, tuple(line[:-1].split(b"\t")), held)


def _indexed(held: Held, reference: Reference) -> Mapping[Values, Row]:
    table, columns = reference
    sealed = held.table(table)
    if sealed is None or not set(columns) <= set(sealed.head.names):
        return {}
    places = sealed.head.positions(columns)
    return {tuple(row.fields[i] for i in places): row for row in _rows(sealed, held)}
