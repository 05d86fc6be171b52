"""A group of scopes that is committed together: its rows from the shelf, in portions that fit into memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wedsync_dr.model import Kind, RowClass, ScopeId, TableName, Tier
from wedsync_dr.snapshot.arrange import Piece
from wedsync_dr.snapshot.layout import Layouts
from wedsync_dr.snapshot.lines import Ints
from wedsync_dr.snapshot.shelf import Shelf, Slot

PART_BYTES = 32 * 2**20  # of row text; arranging it takes seven times as much memory
BUNDLE_BYTES = 32 * 2**20

Portion = list[Piece]


@dataclass(frozen=True)
class Group:
    """Scopes that stand next to each other in the batch, the first one at place `first`, with their tiers; and where
    their rows lie, in restore order of their tables."""

    first: int
    scopes: tuple[ScopeId, ...]
    tiers: tuple[Tier | None, ...] = field(repr=False)
    slots: tuple[tuple[TableName, Slot], ...] = field(default=(), repr=False)

    @cached_property
    def places(self) -> dict[ScopeId, int]:
        """Where each scope stands in the batch."""
        return {scope: self.first + i for i, scope in enumerate(self.scopes)}

    @property
    def size(self) -> int:
        return sum(slot.size for _, slot in self.slots)


@dataclass(frozen=True)
class Rows:
    """The rows of a group."""

    group: Group
    shelf: Shelf
    plan: Layouts

    def classes(self, scope: ScopeId) -> list[RowClass]:
        """The classes that a scope's rows can have."""
        return [self.plan[scope.table].row_class] if scope.kind is Kind.PLATFORM else list(RowClass)

    def bundles(self, places: Sequence[int]) -> Iterator[tuple[list[int], Callable[[], Iterator[Portion]]]]:
        """Some of the scopes, a few at a time: their places, and what gives their rows in portions.

        Several scopes have one portion; one that is large by itself has as many as it needs.
        """
        if self.group.size <= BUNDLE_BYTES:
            yield list(places), lambda: iter([list(self._pieces(np.array(places)))])
            return
        for bundle in _fitting(places, self._sizes()):
            yield bundle, lambda bundle=bundle: _portions(self._pieces(np.array(bundle)))  # type: ignore[misc]

    def _pieces(self, places: Ints) -> Iterator[Piece]:
        whole = len(places) == len(self.group.scopes)
        for table, slot in self.group.slots:
            rows = self.shelf.get(slot)
            if not whole:
                rows = rows.filter(pa.array(np.isin(rows["place"].to_numpy(), places)))
            if rows.num_rows:
                yield Piece.of(self.plan[table], rows)

    def _sizes(self) -> dict[int, int]:
        """How much text each scope has."""
        sizes = np.zeros(len(self.group.scopes), np.int64)
        for _, slot in self.group.slots:
            rows = self.shelf.get(slot)
            lengths = pc.binary_length(rows["row"]).to_numpy()
            np.add.at(sizes, rows["place"].to_numpy() - self.group.first, lengths)
        return {self.group.first + i: size for i, size in enumerate(sizes.tolist())}


def _fitting(places: Sequence[int], sizes: dict[int, int]) -> Iterator[list[int]]:
    """The places in the same order, as many at once as fit; a large one stands alone."""
    held: list[int] = []
    total = 0
    for place in places:
        if held and total + sizes[place] > BUNDLE_BYTES:
            yield held
            held, total = [], 0
        held.append(place)
        total += sizes[place]
    if held:
        yield held


def _portions(pieces: Iterator[Piece]) -> Iterator[Portion]:
    held: Portion = []
    size = 0
    for piece in pieces:
        if held and size + len(piece.lines.text) > PART_BYTES:
            yield held
            held, size = [], 0
        held.append(piece)
        size += len(piece.lines.text)
    if held:
        yield held
