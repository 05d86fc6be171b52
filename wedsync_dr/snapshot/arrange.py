"""Rows of many scopes, table by table, become rows of one class sorted by scope, ready to be sealed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pyarrow as pa

from wedsync_dr.model import RowClass
from wedsync_dr.snapshot.content import add_up, digest
from wedsync_dr.snapshot.layout import RowLayout
from wedsync_dr.snapshot.lines import Ints, Lines, offsets_of, text_of
from wedsync_dr.snapshot.sealed_rows import SCHEMA, Entry, TableHead

ContentKey = Callable[[int, RowClass], bytes]


@dataclass(frozen=True)
class Piece:
    """Some rows of one table, sorted by the place of their scope."""

    layout: RowLayout
    places: Ints = field(repr=False)
    lines: Lines = field(repr=False)

    @classmethod
    def of(cls, layout: RowLayout, rows: pa.RecordBatch) -> "Piece":
        return cls(layout, rows["place"].to_numpy(), Lines(text_of(rows["row"])))


@dataclass(frozen=True)
class ScopeRows:
    """The rows of one class of one scope as they are sealed, and what the footer says of them."""

    rows: pa.Table = field(repr=False)
    entries: tuple[Entry, ...]


Arranged = dict[int, dict[RowClass, ScopeRows]]
"""By the place of the scope, then by class."""


def arrange(pieces: Sequence[Piece], content_key: ContentKey) -> Arranged:
    """Each scope's rows; within a scope the tables keep the order in which the pieces come."""
    arranged: Arranged = {}
    for row_class in RowClass:
        if found := [piece for piece in pieces if piece.layout.row_class is row_class]:
            for place, rows in _of_class(found, lambda place, c=row_class: content_key(place, c)):  # type: ignore[misc]
                arranged.setdefault(place, {})[row_class] = rows
    return arranged


def _of_class(pieces: list[Piece], key: Callable[[int], bytes]) -> Iterator[tuple[int, ScopeRows]]:
    heads = list({piece.layout.head.table: piece.layout.head for piece in pieces}.values())
    number = {head.table: i for i, head in enumerate(heads)}
    places = np.concatenate([piece.places for piece in pieces])
    tables = np.concatenate([np.full(len(p.places), number[p.layout.head.table], np.int32) for p in pieces])
    order = np.argsort(places.astype(np.int64) * len(heads) + tables, kind="stable")
    places, tables, picked = places[order], tables[order], pa.array(order)
    keys = pa.concat_arrays([p.lines.prefix(len(p.layout.head.key)) for p in pieces]).take(picked)
    lines = pa.concat_arrays([p.lines.whole() for p in pieces]).take(picked)
    names = pa.DictionaryArray.from_arrays(pa.array(tables), pa.array([head.name for head in heads], pa.string()))
    rows = pa.Table.from_arrays(
        [names.dictionary_decode(), keys.view(pa.string()), lines.view(pa.string())], schema=SCHEMA
    )
    begins, entries = _entries(heads, places, tables, lines, key)
    firsts = np.flatnonzero(_changes(places[begins]))
    for first, last in pairwise([*firsts.tolist(), len(begins)]):
        begin, end = int(begins[first]), int(begins[last]) if last < len(begins) else len(places)
        yield int(places[begin]), ScopeRows(rows.slice(begin, end - begin), tuple(entries[first:last]))


def _entries(
    heads: list[TableHead], places: Ints, tables: Ints, lines: pa.BinaryArray, key: Callable[[int], bytes]
) -> tuple[Ints, list[Entry]]:
    """The rows of one table of one scope each: where they begin, and what they are."""
    offsets = offsets_of(lines)
    begins = np.flatnonzero(_changes(places) | _changes(tables))
    ends = np.append(begins[1:], len(places))
    contents = add_up(list(_digests(places, text_of(lines), offsets, key)), (ends - begins).tolist())
    sizes = (offsets[ends] - offsets[begins]).tolist()
    found = zip(tables[begins].tolist(), contents, sizes, strict=True)
    return begins, [Entry(heads[table], content, size) for table, content, size in found]


def _digests(places: Ints, text: memoryview, offsets: Ints, key: Callable[[int], bytes]) -> Iterator[bytes]:
    """The keyed hashes of all rows, scope after scope."""
    begins = np.flatnonzero(_changes(places))
    data, base = bytes(text), int(offsets[0])
    for begin, end in pairwise([*begins.tolist(), len(places)]):
        bounds = (offsets[begin : end + 1] - base).tolist()
        lines = map(data.__getitem__, map(slice, bounds, bounds[1:]))  # one at a time: a scope may have millions
        yield from digest(key(int(places[begin])), lines)


def _changes(values: Ints) -> Ints:
    """Where a value is not the one before it."""
    return np.concatenate((np.ones(min(1, len(values)), bool), values[1:] != values[:-1]))
