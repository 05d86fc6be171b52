"""Rows as encrypted Parquet, and back.

Every cipher parameter of a sealed object stands here; `docs/format.md` specifies it.
"""

import base64
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

from wedsync_dr.errors import Damaged
from wedsync_dr.model import TableName
from wedsync_dr.snapshot.content import TableContent

FOOTER_KEY = b"wedsync_dr"
MOST_ROWS, MOST_BYTES = 4096, 2**20  # of a row group: small enough to fetch single rows, and for DuckDB's page limit

SCHEMA = pa.schema([("table_name", pa.string()), ("row_key", pa.string()), ("row", pa.string())])
NO_ROWS = SCHEMA.empty_table()


@dataclass(frozen=True)
class ForeignKey:
    """Which columns name a row of which table by which of its columns."""

    columns: tuple[str, ...]
    target: TableName
    target_columns: tuple[str, ...]


@dataclass(frozen=True)
class TableHead:
    """What stays known of a table: columns (name, type) in the order of a line, key, foreign keys."""

    table: TableName
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.columns)

    def positions(self, columns: Iterable[str]) -> tuple[int, ...]:
        """Where the columns stand in a line."""
        return tuple(self.names.index(column) for column in columns)

    @cached_property
    def name(self) -> str:
        """The table as text."""
        return str(self.table)

    @cached_property
    def listing(self) -> list[list[str]]:
        """The columns as JSON has them."""
        return [list(column) for column in self.columns]

    @cached_property
    def columns_json(self) -> str:
        """The columns as JSON without spaces, as the content hash of a class takes them."""
        return json.dumps(self.listing, separators=(",", ":"), ensure_ascii=False)

    @cached_property
    def footer(self) -> str:
        """As it stands in a footer: JSON, open for what else is said of the table's rows."""
        keys = [
            [list(fk.columns), [fk.target.schema, fk.target.name], list(fk.target_columns)] for fk in self.foreign_keys
        ]
        entry = {
            "table": [self.table.schema, self.table.name],
            "columns": self.listing,
            "key": self.key,
            "foreign_keys": keys,
        }
        return json.dumps(entry, separators=(",", ":"), ensure_ascii=False)[:-1]

    @classmethod
    def from_footer(cls, entry: dict[str, Any]) -> "TableHead":
        return cls(
            TableName(*entry["table"]),
            tuple((name, kind) for name, kind in entry["columns"]),
            tuple(entry["key"]),
            tuple(ForeignKey(tuple(a), TableName(*target), tuple(b)) for a, target, b in entry["foreign_keys"]),
        )


@dataclass(frozen=True, slots=True)
class TableRows:
    """Some rows of one table: COPY text lines, each with its newline, in the order of the head's columns."""

    head: TableHead
    content: TableContent
    text: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """What the footer says of some rows of one table; `size` is the length of their lines."""

    head: TableHead
    content: TableContent
    size: int


def seal(rows: pa.Table, entries: Sequence[Entry], links: list[Any], key: bytes) -> bytes:
    """One sealed object of rows in the schema SCHEMA, table after table as the entries say.

    `key` is the file key of exactly this object of exactly this snapshot.
    """
    out = pa.BufferOutputStream()
    with pq.ParquetWriter(
        out,
        SCHEMA,
        compression="zstd",
        compression_level=1,
        data_page_version="1.0",
        use_dictionary=["table_name"],
        write_statistics=False,
        store_schema=False,
        encryption_properties=pe.create_encryption_properties(key),
    ) as writer:
        for group in _row_groups(rows, sum(entry.size for entry in entries)):
            writer.write_table(group)
        writer.add_key_value_metadata({FOOTER_KEY: _pack(_footer(entries, links))})
    return out.getvalue().to_pybytes()  # type: ignore[no-any-return]


def unseal(data: bytes, key: bytes) -> "OpenObject":
    """Open a sealed object; Damaged where it is not what was sealed under this key."""
    try:
        file = pq.ParquetFile(
            pa.BufferReader(data), pre_buffer=False, decryption_properties=pe.create_decryption_properties(key)
        )
        footer = _unpack(file.metadata.metadata[FOOTER_KEY])
        rows = file.read(use_threads=False)
    except (OSError, pa.ArrowException, KeyError, ValueError, TypeError, zlib.error) as error:
        raise Damaged(
            f"The object does not decrypt ({type(error).__name__}).",
            remedy="Restore an older recovery point, or bring back the object from a copy of the vault.",
        ) from None
    return OpenObject(footer, rows)


class OpenObject:
    """A decrypted object: its tables in order, with their lines."""

    def __init__(self, footer: dict[str, Any], rows: pa.Table) -> None:
        self.links: list[Any] = footer["links"]
        self._tables: list[dict[str, Any]] = footer["tables"]
        self.text = copy_bytes(rows["row"])
        self.row_count = len(rows)

    def tables(self, head: Callable[[dict[str, Any]], TableHead] = TableHead.from_footer) -> Iterator[TableRows]:
        """The tables in restore order. The text is exactly what was sealed; `head` reads a footer's entry."""
        start = 0
        for entry in self._tables:
            end = start + int(entry["bytes"])
            content = TableContent.from_hex(int(entry["rows"]), entry["content"])
            yield TableRows(head(entry), content, self.text[start:end])
            start = end


def copy_bytes(rows: pa.ChunkedArray) -> bytes:
    """The text of all rows, as COPY … FROM STDIN takes it."""
    return b"".join(_bytes_of(chunk) for chunk in rows.chunks)


def _bytes_of(array: pa.StringArray) -> memoryview:
    if not len(array):
        return memoryview(b"")
    offsets = np.frombuffer(array.buffers()[1], np.int32, len(array) + 1, array.offset * 4)
    return memoryview(array.buffers()[2]).cast("B")[offsets[0] : offsets[-1]]


def _footer(entries: Sequence[Entry], links: list[Any]) -> str:
    tables = ",".join(
        f'{entry.head.footer},"rows":{entry.content.rows},"bytes":{entry.size},"content":"{entry.content.hex}"}}'
        for entry in entries
    )
    return f'{{"tables":[{tables}],"links":{json.dumps(links, separators=(",", ":"), ensure_ascii=False)}}}'


def _pack(footer: str) -> bytes:
    return base64.b64encode(zlib.compress(footer.encode(), 1))


def _unpack(packed: bytes) -> dict[str, Any]:
    footer: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(packed)))
    return footer


def _row_groups(rows: pa.Table, size: int) -> Iterator[pa.Table]:
    if len(rows) <= MOST_ROWS and size <= MOST_BYTES:
        yield from [rows] if len(rows) else []
        return
    sizes = np.cumsum(pc.binary_length(rows["row"]).to_numpy())
    start = 0
    while start < len(rows):
        done = sizes[start - 1] if start else 0
        end = max(start + 1, min(start + MOST_ROWS, int(np.searchsorted(sizes, done + MOST_BYTES, "right"))))
        yield rows.slice(start, end - start)
        start = end
