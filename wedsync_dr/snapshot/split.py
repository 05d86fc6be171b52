"""A table's rows by scope: split while they arrive, many at once."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pyarrow as pa

from wedsync_dr.errors import SourceRefused
from wedsync_dr.model import ScopeId, TableName
from wedsync_dr.scope.ownership import ResolvedOwnership
from wedsync_dr.snapshot.limits import LIMITS, Limits
from wedsync_dr.snapshot.lines import Lines, take

NOBODY = -1
ROWS = pa.schema([("place", pa.int32()), ("row", pa.binary())])

Place = Callable[[bytes], int]
"""From an owner text to the place of its scope in the batch; NOBODY for a scope that the batch does not want."""


class Places:
    """Where each scope of a batch stands; owner texts are looked up once."""

    def __init__(self, ownership: ResolvedOwnership, scopes: Iterable[ScopeId]) -> None:
        self._ownership = ownership
        self._places = {scope: place for place, scope in enumerate(scopes)}
        self._known: dict[bytes, int] = {}

    def of(self, table: TableName) -> Place:
        """The places of the owners of a table's rows."""
        platform = self._places.get(ScopeId.of_table(table), NOBODY)

        def place(owner: bytes) -> int:
            if not owner:
                return platform
            known = self._known.get(owner)
            if known is None:
                scope = self._ownership.owner(table, owner)
                known = self._known[owner] = self._places.get(scope, NOBODY)
            return known

        return place


def split(lines: Iterable[memoryview | bytes], place: Place, limits: Limits = LIMITS) -> Iterator[pa.RecordBatch]:
    """Lines of owner text, tab, row become rows with their places (schema `ROWS`), sorted by place.

    Each batch holds some of the rows, about a chunk; rows that nobody wants are in none.

    Raises SourceRefused for a row that is too long.
    """
    for text in _portions(lines, limits):
        batch = _by_place(text, place)
        if batch.num_rows:
            yield batch


def _portions(lines: Iterable[memoryview | bytes], limits: Limits) -> Iterator[bytes]:
    held: list[memoryview | bytes] = []
    size = 0
    for line in lines:
        if len(line) > limits.row:
            raise SourceRefused(
                f"A row is {len(line) >> 20} MB long as text; at most {limits.row >> 20} MB can be sealed.",
                remedy="Move its largest value out of the table, or leave the table out (rules.toml, [[left_out]]).",
            )
        held.append(line)
        size += len(line)
        if size >= limits.chunk:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


def _by_place(text: bytes, place: Place) -> pa.RecordBatch:
    found = Lines(text)
    owner_ends = found.field_end(0)
    owners = take(text, found.starts, owner_ends).dictionary_encode()
    places = np.array([place(owner) for owner in owners.dictionary.to_pylist()], np.int32)[owners.indices.to_numpy()]
    order = np.argsort(places, kind="stable")
    order = order[np.searchsorted(places[order], 0) :]
    row_starts = np.minimum(owner_ends + 1, found.ends - 1)  # a table without columns has no tab behind the owner
    return pa.RecordBatch.from_arrays([pa.array(places[order]), take(text, row_starts, found.ends, order)], schema=ROWS)
