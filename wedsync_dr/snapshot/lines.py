"""COPY text as Arrow columns: where lines and fields begin and end, for many rows at once.

COPY escapes tabs and newlines inside values, so each one that is seen separates fields or lines
(https://www.postgresql.org/docs/17/sql-copy.html, "Text Format").
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wedsync_dr.source.copytext import NULL

Ints = np.ndarray[Any, np.dtype[Any]]
_TAB, _NEWLINE = 9, 10


class Lines:
    """Some lines of text and their fields. Nothing is copied until `take` picks something."""

    def __init__(self, text: bytes | memoryview) -> None:
        self.text = text
        self._bytes = np.frombuffer(text, np.uint8)

    def __len__(self) -> int:
        return len(self.ends)

    @cached_property
    def _marks(self) -> Ints:
        """Where tabs and newlines stand."""
        return np.flatnonzero((self._bytes - _TAB) < 2)

    @cached_property
    def _last_marks(self) -> Ints:
        """Which of the marks end a line."""
        return np.flatnonzero(self._bytes[self._marks] == _NEWLINE)

    @cached_property
    def ends(self) -> Ints:
        """Behind the newline of each line."""
        return self._marks[self._last_marks] + 1

    @cached_property
    def starts(self) -> Ints:
        """Where each line begins."""
        return np.concatenate((np.zeros(1, np.int64), self.ends))[: len(self.ends)]

    def field_end(self, field: int) -> Ints:
        """Where a field of each line ends; every line has it."""
        first = np.concatenate((np.zeros(1, np.int64), self._last_marks + 1))[: len(self.ends)]
        ends: Ints = self._marks[first + field]
        return ends

    def field(self, field: int) -> pa.BinaryArray:
        """One field of every line."""
        return take(self.text, self.field_end(field - 1) + 1 if field else self.starts, self.field_end(field))

    def whole(self) -> pa.BinaryArray:
        """Every line with its newline."""
        offsets = np.concatenate((np.zeros(1, np.int32), self.ends)).astype(np.int32)
        return pa.BinaryArray.from_buffers(
            pa.binary(), len(self), [None, pa.py_buffer(offsets), pa.py_buffer(self.text)]
        )

    def prefix(self, width: int) -> pa.BinaryArray:
        """The first fields of every line, as they stand there; nothing for a width of 0."""
        return take(self.text, self.starts, self.field_end(width - 1) if width else self.starts)

    def values(self, fields: Sequence[int]) -> pa.BinaryArray:
        """Some fields of every line, joined by tabs; null where one of them is NULL."""
        columns = [self.field(field) for field in fields]
        columns = [pc.if_else(pc.equal(column, NULL), pa.scalar(None, pa.binary()), column) for column in columns]
        return columns[0] if len(columns) == 1 else pc.binary_join_element_wise(*columns, b"\t")


def take(text: bytes | memoryview, starts: Ints, ends: Ints, order: Ints | None = None) -> pa.BinaryArray:
    """The stretches of the text from each start to its end, in the given order; they must not overlap.

    A binary array's values touch each other, so the gaps are values as well, every second one, and left behind.
    """
    offsets = np.empty(2 * len(starts) + 1, np.int32)
    offsets[:-1:2], offsets[1::2] = starts, ends
    offsets[-1] = ends[-1] if len(ends) else 0
    both = pa.BinaryArray.from_buffers(pa.binary(), 2 * len(starts), [None, pa.py_buffer(offsets), pa.py_buffer(text)])
    places = np.arange(len(starts)) if order is None else order
    return both.take(pa.array(2 * places))


def text_of(array: pa.BinaryArray) -> memoryview:
    """The values of an array, one behind the other."""
    offsets = offsets_of(array)
    data = array.buffers()[2]
    return memoryview(data).cast("B")[offsets[0] : offsets[-1]] if data is not None else memoryview(b"")


def offsets_of(array: pa.BinaryArray) -> Ints:
    """Where each value of an array begins in its buffer, and where the last one ends."""
    if not len(array):
        return np.zeros(1, np.int32)
    return np.frombuffer(array.buffers()[1], np.int32, len(array) + 1, array.offset * 4)
