"""Links: the rows of other owners that a scope's rows refer to by foreign key."""

from collections.abc import Iterable, Mapping
from typing import Any

from wedsync_dr.model import Kind, LinkedRow, ScopeId, TableName
from wedsync_dr.snapshot.layout import RowLayout

LinkKey = tuple[TableName, tuple[str, ...]]
Values = tuple[bytes, ...]
NULL = b"\\N"


def collect_links(into: dict[LinkKey, set[Values]], layout: RowLayout, owner: Kind, lines: Iterable[bytes]) -> None:
    """Add what the rows refer to. A wedding's rows need only the keys that may leave a wedding."""
    keys = layout.near if owner is Kind.WEDDING else layout.links
    if not keys:
        return
    width = max(max(key.positions) for key in keys) + 1
    wanted = [(into.setdefault((key.target, key.target_columns), set()), key.positions) for key in keys]
    for line in lines:
        fields = line[:-1].split(b"\t", width)
        for found, positions in wanted:
            values = tuple([fields[i] for i in positions])
            if NULL not in values:
                found.add(values)


def as_footer(links: Mapping[LinkKey, Iterable[tuple[Values, ScopeId | None]]]) -> list[Any]:
    """As the footer holds them: [[schema, table], columns, [[owner or null, [values…]], …]], sorted."""
    listing: list[Any] = []
    for (table, columns), rows in sorted(links.items()):
        by_owner: dict[str, list[list[str]]] = {}
        for values, owner in rows:
            by_owner.setdefault(str(owner or ""), []).append([value.decode() for value in values])
        owners = [[owner or None, sorted(found)] for owner, found in sorted(by_owner.items())]
        if owners:
            listing.append([[table.schema, table.name], list(columns), owners])
    return listing


def from_footer(listing: list[Any]) -> Iterable[LinkedRow]:
    """The inverse of `as_footer`; values are COPY text."""
    for (schema, name), columns, owners in listing:
        for owner, rows in owners:
            kind, _, scope_id = (owner or "").partition("/")
            scope = ScopeId(Kind(kind), scope_id) if owner else None
            for values in rows:
                yield LinkedRow(TableName(schema, name), tuple(columns), tuple(values), scope)
