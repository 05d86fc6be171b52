"""Typed copies of a snapshot's tables, for people: data frames, Parquet or CSV files.

A column keeps its type where Arrow can hold every value that it has; otherwise it stays PostgreSQL's text
(`infinity`, NaN numerics,
intervals, arrays, composites). The sealed rows remain the exact copy.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from wedsync_dr.errors import ScopeNotFound
from wedsync_dr.model import Manifest, TableName
from wedsync_dr.snapshot.opening import OpenSnapshot, SealedTable, open_snapshot
from wedsync_dr.source.copytext import texts_of
from wedsync_dr.vault.archive import Archive


class FileFormat(StrEnum):
    """What `export` writes."""

    parquet = "parquet"
    csv = "csv"


_TYPES = {
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "double precision": pa.float64(),
    "real": pa.float32(),
    "date": pa.date32(),
    "timestamp with time zone": pa.timestamp("us", tz="UTC"),
    "timestamp without time zone": pa.timestamp("us"),
}


def frame(archive: Archive, manifest: Manifest, table: str) -> pa.Table:
    """One table of a snapshot (named `guests` or `public.guests`) with typed columns; ScopeNotFound if it has none
    such."""
    return as_arrow(_one(open_snapshot(archive, manifest), table))


def export(
    archive: Archive, manifest: Manifest, directory: Path, file_format: FileFormat, tables: Sequence[str] = ()
) -> list[Path]:
    """Write one file per table into `directory` (made if absent, files readable by the owner only).

    Plaintext leaves here.
    """
    snapshot = open_snapshot(archive, manifest)
    chosen = [_one(snapshot, name) for name in tables] if tables else list(snapshot.tables.values())
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return [_write(as_arrow(table), directory / f"{table.head.table}.{file_format.value}") for table in chosen]


def as_arrow(table: SealedTable) -> pa.Table:
    """Typed columns in the order of the sealed row."""
    rows = [line[:-1].split(b"\t") for line in table.lines]
    columns = zip(*rows, strict=True) if rows else [() for _ in table.head.columns]
    arrays = [_column(kind, values) for (_, kind), values in zip(table.head.columns, columns, strict=True)]
    return pa.Table.from_arrays(arrays, names=list(table.head.names))


def _column(kind: str, values: Iterable[bytes]) -> pa.Array:
    texts = pa.array(texts_of(values), pa.string())
    try:
        if kind == "boolean":
            return pa.array([None if text is None else text == "t" for text in texts.to_pylist()], pa.bool_())
        if kind in _TYPES and kind.startswith("timestamp"):
            return pa.array([_offset(text) for text in texts.to_pylist()], pa.string()).cast(_TYPES[kind])
        return texts.cast(_TYPES[kind]) if kind in _TYPES else texts
    except pa.ArrowInvalid:
        return texts


def _offset(text: str | None) -> str | None:
    """PostgreSQL prints UTC as +00, which Arrow reads as +00:00."""
    return f"{text}:00" if text and text[-3:] == "+00" else text


def _one(snapshot: OpenSnapshot, name: str) -> SealedTable:
    found = [table for key, table in snapshot.tables.items() if _matches(name, key)]
    if len(found) != 1:
        raise ScopeNotFound(
            f"{'No table' if not found else 'More than one table'} of this snapshot is called {name!r}.",
            remedy=f"It has: {', '.join(map(str, snapshot.tables)) or 'no rows at all'}.",
        )
    return found[0]


def _matches(name: str, table: TableName) -> bool:
    return fnmatchcase(table.name, name) or fnmatchcase(str(table), name)


def _write(rows: pa.Table, path: Path) -> Path:
    path.touch(mode=0o600)
    if path.suffix == ".csv":
        pc_csv.write_csv(rows, path)
    else:
        pq.write_table(rows, path, compression="zstd")
    return path
