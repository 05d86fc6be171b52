"""How a table's rows are laid out in a sealed row: key first, then the columns of its foreign keys, then the rest.

The key and the links of a row are then a prefix of its line, found without reading the whole line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from wedsync_dr.model import RowClass, TableName
from wedsync_dr.scope.ownership import Ownership, ResolvedOwnership
from wedsync_dr.snapshot.sealed_rows import ForeignKey, TableHead
from wedsync_dr.source.catalog import Catalog, Table


@dataclass(frozen=True)
class LinkLayout:
    """A foreign key that is followed: where its values stand in the line, and what they name."""

    target: TableName
    target_columns: tuple[str, ...]
    positions: tuple[int, ...]


@dataclass(frozen=True)
class RowLayout:
    """One table's sealed rows. `near` links may leave a wedding, `links` are all of them."""

    head: TableHead
    row_class: RowClass
    near: tuple[LinkLayout, ...]
    links: tuple[LinkLayout, ...]


Layouts = Mapping[TableName, RowLayout]


def layouts(catalog: Catalog, ownership: ResolvedOwnership) -> Layouts:
    """The layout of every table that is protected."""
    assert catalog is ownership.catalog  # noqa: S101
    return _layouts(ownership.static, ownership.left_out)


@lru_cache(maxsize=4)
def _layouts(ownership: Ownership, left_out: frozenset[TableName]) -> Layouts:
    """Worked out once for the transactions that share what is known of the schema."""
    catalog = ownership.catalog
    return {name: layout(catalog, ownership, table) for name, table in catalog.tables.items() if name not in left_out}


def layout(catalog: Catalog, ownership: Ownership, table: Table) -> RowLayout:
    """Key, then foreign keys that may leave a wedding, then the other foreign keys, then the rest in the table's
    order."""
    types = {column.name: column.type for column in table.columns if not column.generated}
    inward = [key for key in table.foreign_keys if ownership.stays_inside(table.name, key)]
    outward = [key for key in table.foreign_keys if key not in inward]
    wanted = [*table.primary_key, *(c for key in [*outward, *inward] for c in key.columns), *types]
    order = tuple(dict.fromkeys(name for name in wanted if name in types))
    place = {name: i for i, name in enumerate(order)}

    def links(keys: Sequence[object]) -> tuple[LinkLayout, ...]:
        return tuple(
            LinkLayout(key.target, key.target_columns, tuple(place[c] for c in key.columns))
            for key in table.foreign_keys
            if key in keys and key.target in catalog.tables and set(key.columns) <= place.keys()
        )

    return RowLayout(
        head=TableHead(
            table.name,
            tuple((name, types[name]) for name in order),
            tuple(table.primary_key),
            tuple(ForeignKey(key.columns, key.target, key.target_columns) for key in table.foreign_keys),
        ),
        row_class=ownership.row_class(table.name),
        near=links(outward),
        links=links(table.foreign_keys),
    )


def split_key(line: bytes, width: int) -> tuple[bytes, ...]:
    """The key of a row: its first `width` fields, or the whole row where the table has no key."""
    if not width:
        return (line,)
    return tuple(line[:-1].split(b"\t", width)[:width])
