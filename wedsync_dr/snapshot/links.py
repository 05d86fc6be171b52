"""Links: the rows of other owners that a scope's rows refer to by foreign key."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from wedsync_dr.model import Kind, LinkedRow, RowClass, ScopeId, TableName
from wedsync_dr.snapshot.arrange import Piece
from wedsync_dr.snapshot.layout import LinkLayout
from wedsync_dr.snapshot.lines import Ints

LinkKey = tuple[TableName, tuple[str, ...]]
Values = tuple[bytes, ...]
Links = dict[tuple[int, RowClass], dict[LinkKey, set[Values]]]
_CLASSES = list(RowClass)


@dataclass
class _References:
    """What many scopes refer to by one key, and which of the rows that it names they hold themselves."""

    places: list[Ints] = field(default_factory=list)
    values: list[pa.BinaryArray] = field(default_factory=list)
    held_places: list[Ints] = field(default_factory=list)
    held_values: list[pa.BinaryArray] = field(default_factory=list)


def links_of(pieces: Sequence[Piece], first: int, is_wedding: Ints) -> Links:
    """What rows refer to and their own scope does not hold among them, by scope and class.

    A wedding's rows need only the keys that may leave a wedding; `is_wedding` says it of the places from `first` on.
    """
    references: dict[LinkKey, _References] = {}
    for piece in pieces:
        every_key = ~is_wedding[piece.places - first]
        for link in piece.layout.links if every_key.any() else piece.layout.near:
            found = references.setdefault((link.target, link.target_columns), _References())
            _refer(found, piece, link, every_key)
    for (table, columns), found in references.items():
        for piece in pieces:
            head = piece.layout.head
            if head.table == table and set(columns) <= set(head.names):
                found.held_places.append(piece.places)
                found.held_values.append(piece.lines.values(head.positions(columns)))
    links: Links = {}
    for key, found in references.items():
        for place, row_class, values in _outside(found):
            links.setdefault((place, row_class), {}).setdefault(key, set()).add(values)
    return links


def _refer(found: _References, piece: Piece, link: LinkLayout, every_key: Ints) -> None:
    places = piece.places
    values = piece.lines.values(link.positions)
    wanted = values.is_valid().to_numpy(zero_copy_only=False)
    if link not in piece.layout.near:
        wanted &= every_key
    picked = np.flatnonzero(wanted)
    found.places.append(places[picked].astype(np.int64) * len(_CLASSES) + _CLASSES.index(piece.layout.row_class))
    found.values.append(values.take(pa.array(picked)))


def _outside(found: _References) -> Iterable[tuple[int, RowClass, Values]]:
    """The references that lead out of their scope, each once."""
    codes = pa.concat_arrays([*found.values, *found.held_values]).dictionary_encode()
    texts: list[bytes] = codes.dictionary.to_pylist()
    numbers = codes.indices.fill_null(0).to_numpy()
    places = np.concatenate(found.places)
    pairs = np.unique(places * len(texts) + numbers[: len(places)])
    place, value = np.divmod(pairs, max(1, len(texts)))
    if found.held_places:
        held = np.concatenate(found.held_places).astype(np.int64) * len(texts) + numbers[len(places) :]
        outside = ~np.isin(place // len(_CLASSES) * len(texts) + value, held)
        place, value = place[outside], value[outside]
    for where, number in zip(place.tolist(), value.tolist(), strict=True):
        yield where // len(_CLASSES), _CLASSES[where % len(_CLASSES)], tuple(texts[number].split(b"\t"))


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
