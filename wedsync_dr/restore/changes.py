"""What changed in a scope, row by row and field by field, between two instants or an instant and now. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wedsync_dr.model import TableName
from wedsync_dr.restore.difference import TableChange
from wedsync_dr.restore.selection import named
from wedsync_dr.restore.shown import key_of
from wedsync_dr.snapshot.layout import split_key
from wedsync_dr.snapshot.opening import OpenSnapshot, SealedTable
from wedsync_dr.snapshot.sealed_rows import TableHead
from wedsync_dr.source.copytext import NULL, text_of

ADDED, REMOVED, CHANGED = "added", "removed", "changed"


@dataclass(frozen=True)
class RowChange:
    """A row that came, went, or has other values in some columns. Lines are in the order of the head's columns."""

    head: TableHead
    before: bytes | None = field(repr=False)
    after: bytes | None = field(repr=False)

    @property
    def what(self) -> str:
        if self.before is None:
            return ADDED
        return REMOVED if self.after is None else CHANGED

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns whose values differ; none for a row that came or went."""
        if self.before is None or self.after is None:
            return ()
        pairs = zip(self.head.names, _fields(self.before), _fields(self.after), strict=True)
        return tuple(name for name, before, after in pairs if before != after)

    def to_json(self, *, values: bool) -> dict[str, Any]:
        """The key and the columns; what stood in them only if it is asked for."""
        shown = {
            "table": str(self.head.table),
            "change": self.what,
            "key": key_of(self.head, self.before or self.after or b"\n"),
            "columns": list(self.columns),
        }
        return shown | ({"values": self._values()} if values else {})

    def _values(self) -> dict[str, list[str | None]]:
        """Before and after, of what differs, or of the whole row that came or went (the missing side is null)."""
        names, nothing = self.columns or self.head.names, [NULL] * len(self.head.names)
        before = dict(zip(self.head.names, _fields(self.before) if self.before else nothing, strict=True))
        after = dict(zip(self.head.names, _fields(self.after) if self.after else nothing, strict=True))
        return {name: [text_of(before[name]), text_of(after[name])] for name in names}


def since(changes: Iterable[TableChange], live: Mapping[TableName, Sequence[bytes]]) -> Iterator[RowChange]:
    """What changed since the recovery point of a `replace` plan, from its changes and the rows as they are."""
    for change in changes:
        width = len(change.head.key)
        now = {split_key(line, width): line for line in live[change.table]} if change.updates else {}
        yield from (RowChange(change.head, line, None) for line in change.inserts)
        yield from (RowChange(change.head, None, line) for line in change.deletes)
        yield from (RowChange(change.head, line, now[split_key(line, width)]) for line in change.updates)


def between(before: OpenSnapshot, after: OpenSnapshot, patterns: Sequence[str] = ()) -> Iterator[RowChange]:
    """What changed from one snapshot to another, in the columns that both have. Raises ScopeNotFound for a pattern that
    fits no table."""
    heads = {name: table.head for snapshot in (after, before) for name, table in snapshot.tables.items()}
    chosen = {head.table for pattern in patterns for head in named(pattern, heads.values())} or set(heads)
    for name, head in sorted(heads.items()):
        if name in chosen:
            yield from _between(head, before.tables.get(name), after.tables.get(name))


def _between(head: TableHead, before: SealedTable | None, after: SealedTable | None) -> Iterator[RowChange]:
    sides = [side for side in (before, after) if side]
    shared = [name for name in head.names if all(name in side.head.names for side in sides)]
    same_key = all(side.head.key == head.key for side in sides) and set(head.key) <= set(shared)
    common = TableHead(
        head.table, tuple((n, kind) for n, kind in head.columns if n in shared), head.key if same_key else ()
    )
    old, new = (_lines(side, common) for side in (before, after))
    if not common.key:
        yield from (RowChange(common, line, None) for line in (Counter(old) - Counter(new)).elements())
        yield from (RowChange(common, None, line) for line in (Counter(new) - Counter(old)).elements())
        return
    width = len(common.key)
    then, now = ({split_key(line, width): line for line in lines} for lines in (old, new))
    for key in sorted(then.keys() | now.keys()):
        if then.get(key) != now.get(key):
            yield RowChange(common, then.get(key), now.get(key))


def _lines(table: SealedTable | None, head: TableHead) -> list[bytes]:
    if table is None:
        return []
    if table.head.names == head.names:
        return list(table.lines)
    positions = table.head.positions(head.names)
    return [b"\t".join([row[i] for i in positions]) + b"\n" for row in map(_fields, table.lines)]


def _fields(line: bytes) -> list[bytes]:
    return line[:-1].split(b"\t")
