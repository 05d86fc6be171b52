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
    for name, table in snapshot.tables.items():
        for key in table.head.foreign_keys:
            values = column_values(table, key.columns)
            values -= linked.get((key.target, key.target_columns), set())
            if target := snapshot.tables.get(key.target):
                values -= column_values(target, key.target_columns) if values else set()
            if values:
                yield name, key, len(values)


def column_values(table: SealedTable, columns: tuple[str, ...]) -> set[tuple[bytes, ...]]:
    """The distinct values that rows have in some columns, as COPY text; none with a NULL in it, none of generated
    columns."""
    if not set(columns) <= set(table.head.names):
        return set()
    positions = table.head.positions(columns)
    width = max(positions) + 1
    values = {
        tuple([fields[i] for i in positions]) for line in table.lines if (fields := line[:-1].split(b"\t", width))
    }
    return {value for value in values if _NULL not in value}
