"""The keyed content hash: two snapshots with the same one hold the same rows.

Per table it is the sum of keyed hashes of the rows (MSet-Add-Hash of Clarke et al., 2003), so neither the order of
the rows nor
the cut into parts matters, and parts may be hashed apart and added. `docs/format.md` specifies it.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

_LANES = 4


@dataclass(frozen=True, slots=True)
class TableContent:
    """How many rows, and the sum of their keyed hashes: four 64-bit lanes, little-endian, each modulo 2^64."""

    rows: int = 0
    sum: bytes = bytes(8 * _LANES)

    def __add__(self, other: "TableContent") -> "TableContent":
        lanes = np.frombuffer(self.sum, "<u8") + np.frombuffer(other.sum, "<u8")
        return TableContent(self.rows + other.rows, lanes.tobytes())

    def __neg__(self) -> "TableContent":
        return TableContent(-self.rows, (-np.frombuffer(self.sum, "<u8")).tobytes())

    @property
    def hex(self) -> str:
        """As it stands in a footer."""
        return self.sum.hex()

    @classmethod
    def from_hex(cls, rows: int, text: str) -> "TableContent":
        return cls(rows, bytes.fromhex(text))


def digest(key: bytes, lines: Iterable[bytes]) -> list[bytes]:
    """The keyed hash of each row, 32 bytes each."""
    blake2b = hashlib.blake2b
    return [blake2b(line, digest_size=32, key=key).digest() for line in lines]


def content_of(key: bytes, lines: list[bytes]) -> TableContent:
    """The content of rows that belong to one table of one scope and class."""
    return add_up(digest(key, lines), [len(lines)])[0]


def add_up(digests: list[bytes], counts: list[int]) -> list[TableContent]:
    """Sum runs of digests: `counts[i]` of them belong to the i-th content."""
    lanes = np.frombuffer(b"".join(digests), "<u8").reshape(-1, _LANES)
    sizes = np.array(counts, np.int64)
    starts = np.cumsum(sizes) - sizes
    filled = np.flatnonzero(sizes)
    sums = np.add.reduceat(lanes, starts[filled], axis=0) if len(filled) else lanes
    contents = [TableContent()] * len(counts)
    for i, row in zip(filled.tolist(), sums, strict=True):
        contents[i] = TableContent(counts[i], row.tobytes())
    return contents


def class_content(key: bytes, tables: Mapping[str, tuple[str, TableContent]]) -> str:
    """The content hash of a class of a scope: keyed, over each table's columns (JSON), row count and sum."""
    listing = ",".join(
        f'[{json.dumps(table, ensure_ascii=False)},{columns},{content.rows},"{content.hex}"]'
        for table, (columns, content) in sorted(tables.items())
        if content.rows
    )
    return hmac.new(key, f"[{listing}]".encode(), hashlib.sha256).hexdigest()
