"""What is read for a batch: one COPY per table for all scopes, large tables in stretches of blocks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.model import Kind, ScopeId, TableName
from wedsync_dr.scope.survey import Survey
from wedsync_dr.snapshot.layout import Layouts
from wedsync_dr.snapshot.shelf import Shelf, Slot
from wedsync_dr.snapshot.split import CHUNK_BYTES, ROWS, Places, split
from wedsync_dr.source.order import restore_order
from wedsync_dr.source.session import Session

STRETCH_BYTES = 48 * 2**20
BLOCK_BYTES = 8192


@dataclass(frozen=True)
class Stretch:
    """Some rows of a table, with their owners; `number` is its place in restore order."""

    number: int
    table: TableName
    sql: str = field(repr=False)
    expected_bytes: int


def stretches(seen: Survey, plan: Layouts, wanted: Sequence[ScopeId] | None) -> list[Stretch]:
    """All that must be read for the wanted scopes, or for every scope; in restore order."""
    tables = [table for table in restore_order(seen.catalog) if table in plan]
    found = [(table, sql, size) for table in tables for sql, size in _selects(seen, plan, table, wanted)]
    return [Stretch(number, table, sql, size) for number, (table, sql, size) in enumerate(found)]


def _selects(
    seen: Survey, plan: Layouts, table: TableName, wanted: Sequence[ScopeId] | None
) -> Iterator[tuple[str, int]]:
    names, ownership = plan[table].head.names, seen.ownership
    size = seen.catalog.tables[table].estimated_bytes
    if wanted is None:
        for blocks in _blocks(size):
            yield ownership.select_all(table, names, blocks=blocks), min(size, STRETCH_BYTES)
        return
    owners = [scope for scope in wanted if scope.kind is not Kind.PLATFORM]
    if owners and (ownership.kinds(table) - {Kind.PLATFORM}):
        yield ownership.select(table, names, owners), size
    if ScopeId.of_table(table) in wanted:
        yield ownership.select_platform(table, names), size


def _blocks(size: int) -> list[tuple[int, int | None] | None]:
    """Ranges of blocks that together are the whole table, however far the estimate is off."""
    count = -(-size // STRETCH_BYTES)
    if count < 2:
        return [None]
    step = STRETCH_BYTES // BLOCK_BYTES
    return [(i * step, (i + 1) * step if i < count - 1 else None) for i in range(count)]


@dataclass(frozen=True)
class Laid:
    """Rows on the shelf: of which group, from which stretch."""

    group: int
    number: int
    table: TableName
    slot: Slot


def lay_down(seen: Survey, stretch: Stretch, places: Places, group_size: int, shelf: Shelf) -> list[Laid]:
    """Read a stretch and lay its rows on the shelf, group by group; the nth has `group_size` places from n times it.

    Errors name the table.
    """
    laid = []
    try:
        for rows in split(seen.reader.copy(stretch.sql), places.of(stretch.table)):
            for group, found in _by_group(rows, group_size):
                laid.append(Laid(group, stretch.number, stretch.table, shelf.put(found)))
    except DisasterRecoveryError as error:
        raise error.at(str(stretch.table)) from None
    return laid


@dataclass(frozen=True)
class Read:
    """All rows of one scope, read before as the layouts say; its locks are taken in a session that may hold them."""

    layouts: Layouts
    rows: Mapping[TableName, Sequence[bytes]] = field(repr=False)
    session: Session = field(repr=False)

    def lay_down(self, order: Sequence[TableName], shelf: Shelf) -> Iterator[tuple[TableName, Slot]]:
        """The rows on the shelf, at place 0, in the order of the tables."""
        for table in order:
            for rows in _portions(self.rows.get(table, ())):
                places = pa.array(np.zeros(len(rows), np.int32))
                yield table, shelf.put(pa.RecordBatch.from_arrays([places, pa.array(rows, pa.binary())], schema=ROWS))


def _portions(rows: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """The rows in portions of about CHUNK_BYTES."""
    first = size = 0
    for i, row in enumerate(rows, 1):
        size += len(row)
        if size >= CHUNK_BYTES or i == len(rows):
            yield rows[first:i]
            first, size = i, 0


def _by_group(rows: pa.RecordBatch, group_size: int) -> Iterator[tuple[int, pa.RecordBatch]]:
    groups = rows["place"].to_numpy() // group_size
    begins = np.flatnonzero(np.diff(groups, prepend=-1))
    ends = np.append(begins[1:], len(groups))
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        yield int(groups[begin]), rows.slice(begin, end - begin)
