"""Links of written rows that lead nowhere: found, listed row by row, and set to NULL where that is agreed to."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from wedsync_dr.model import TableName
from wedsync_dr.restore.difference import TableChange, null_fields
from wedsync_dr.restore.holders import Reference, Values
from wedsync_dr.restore.parents import Lack, LinkedParent, fields_at
from wedsync_dr.snapshot.sealed_rows import ForeignKey, TableHead
from wedsync_dr.source.catalog import Catalog

Rows = tuple[TableHead, tuple[bytes, ...]]
Nullable = Callable[[TableHead, ForeignKey], tuple[str, ...]]


@dataclass(frozen=True)
class OpenLink:
    """A row to write, a foreign key of it that names nothing, why, and the columns that could be NULL instead."""

    head: TableHead
    key: ForeignKey
    line: bytes = field(repr=False)
    lack: Lack
    nullable: tuple[str, ...]

    @property
    def value(self) -> Values:
        """What the row refers to."""
        return fields_at(self.line, self.head.positions(self.key.columns))


def open_links(
    written: Iterable[Rows], lacks: Mapping[Reference, Mapping[Values, Lack]], nullable: Nullable
) -> list[OpenLink]:
    """Every foreign key of every row that one of the lacks is named by."""
    found = []
    for head, lines in written:
        for key in head.foreign_keys:
            lacking = lacks.get((key.target, key.target_columns))
            if not lacking or not set(key.columns) <= set(head.names):
                continue
            positions, free = head.positions(key.columns), nullable(head, key)
            found += [
                OpenLink(head, key, line, lack, free)
                for line in lines
                if (lack := lacking.get(fields_at(line, positions)))
            ]
    return found


def nullable_in(catalog: Catalog, head: TableHead, key: ForeignKey) -> tuple[str, ...]:
    """The columns to set to NULL so that the key names nothing: those that no other key needs, if there are any."""
    table = catalog.tables[head.table]
    free = [name for name in key.columns if not table.column[name].not_null and name not in table.primary_key]
    shared = {name for other in table.foreign_keys if other.columns != key.columns for name in other.columns}
    return tuple(name for name in free if name not in shared) or tuple(free[-1:])


class Unlinking:
    """Rows with some of their links NULL."""

    def __init__(self, links: Iterable[OpenLink]) -> None:
        self._columns: dict[tuple[TableName, bytes], set[str]] = {}
        for link in links:
            self._columns.setdefault((link.head.table, link.line), set()).update(link.nullable)

    def change(self, change: TableChange, live: Iterable[bytes]) -> TableChange:
        """The change with its rows unlinked, without those that the database has like that already."""
        there = set(live)
        updates = tuple(line for line in self._lines(change.head, change.updates) if line not in there)
        inserts = self._lines(change.head, change.inserts)
        if change.head.key:
            return replace(change, updates=updates, inserts=inserts)
        same = Counter(inserts) & Counter(change.deletes)
        inserts, deletes = (tuple((Counter(lines) - same).elements()) for lines in (inserts, change.deletes))
        return replace(change, updates=updates, inserts=inserts, deletes=deletes)

    def parent(self, parent: LinkedParent) -> LinkedParent:
        return replace(parent, lines=self._lines(parent.head, parent.lines))

    def expected(self, head: TableHead, rows: Counter[bytes]) -> Counter[bytes]:
        """The rows that are there afterwards."""
        after: Counter[bytes] = Counter()
        for line, count in rows.items():
            after[self._line(head, line)] += count
        return after

    def _lines(self, head: TableHead, lines: tuple[bytes, ...]) -> tuple[bytes, ...]:
        return tuple(self._line(head, line) for line in lines)

    def _line(self, head: TableHead, line: bytes) -> bytes:
        columns = self._columns.get((head.table, line))
        return null_fields([line], head.positions(sorted(columns)))[0] if columns else line
