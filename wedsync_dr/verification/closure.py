"""Foreign-key closure: each key in a snapshot names a row of the snapshot or one of its links."""

from collections.abc import Iterator

from wedsync_dr.model import TableName
from wedsync_dr.snapshot.opening import OpenSnapshot, SealedTable
from wedsync_dr.snapshot.sealed_rows import ForeignKey

_NULL = b"\\N"
Named = tuple[TableName, tuple[str, ...]]


def open_links(snapshot: OpenSnapshot) -> Iterator[tuple[TableName, ForeignKey, int]]:
    """Foreign keys with values that name nothing: the table, the key, how many values."""
    linked: dict[Named, set[tuple[bytes, ...]]] = {}
    for link in snapshot.links:
        linked.setdefault((link.table, link.columns), set()).add(tuple(value.encode() for value in link.values))
    held = {name: _Fields(table) for name, table in snapshot.tables.items()}
    for name, table in snapshot.tables.items():
        for key in table.head.foreign_keys:
            values = held[name].values(key.columns)
            values -= linked.get((key.target, key.target_columns), set())
            if key.target in held:
                values -= held[key.target].values(key.target_columns) if values else set()
            if values:
                yield name, key, len(values)


def column_values(table: SealedTable, columns: tuple[str, ...]) -> set[tuple[bytes, ...]]:
    """The distinct values that rows have in some columns, as COPY text; none with a NULL in it, none of generated
    columns."""
    return _Fields(table).values(columns)


class _Fields:
    """The fields of a table's rows, cut once for all that is asked of them."""

    def __init__(self, table: SealedTable) -> None:
        self._table = table
        self._names = table.head.names
        self._rows: list[list[bytes]] = []
        self._width = 0

    def values(self, columns: tuple[str, ...]) -> set[tuple[bytes, ...]]:
        if not set(columns) <= set(self._names):
            return set()
        positions = [self._names.index(column) for column in columns]
        self._cut(max(positions) + 1)
        if len(positions) == 1:
            (place,) = positions
            found = {fields[place] for fields in self._rows} - {_NULL}
            return {(value,) for value in found}
        values = {tuple([fields[place] for place in positions]) for fields in self._rows}
        return {value for value in values if _NULL not in value}

    def _cut(self, width: int) -> None:
        if width > self._width:
            self._width = max(width, self._wanted())
            self._rows = [line[:-1].split(b"\t", self._width) for line in self._table.lines]

    def _wanted(self) -> int:
        """As many fields as any foreign key of the table needs."""
        places = [
            self._names.index(c) for key in self._table.head.foreign_keys for c in key.columns if c in self._names
        ]
        return max(places, default=0) + 1
