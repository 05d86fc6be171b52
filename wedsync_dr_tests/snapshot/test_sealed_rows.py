"""Sealed objects: exact rows back, nothing in clear, and no damage unnoticed."""

import os
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wedsync_dr.errors import Damaged
from wedsync_dr.model import TableName
from wedsync_dr.snapshot import sealed_rows
from wedsync_dr.snapshot.arrange import laid_out
from wedsync_dr.snapshot.content import content_of
from wedsync_dr.snapshot.sealed_rows import FOOTER_KEY, ForeignKey, TableHead, TableRows, unseal

KEY = bytes(range(32))
field = st.text(st.characters(exclude_characters="\t\n", codec="utf-8"), max_size=12)


def head(name: str, width: int = 1) -> TableHead:
    columns = tuple((f"c{i}", "text") for i in range(3))
    parent = ForeignKey(("c1",), TableName("public", "parents"), ("id",))
    return TableHead(TableName("public", name), columns, tuple(f"c{i}" for i in range(width)), (parent,))


def rows_of(name: str, lines: list[bytes], width: int = 1) -> TableRows:
    return TableRows(head(name, width), content_of(KEY, lines), b"".join(lines))


def seal(tables: Sequence[TableRows], links: list[Any], key: bytes) -> bytes:
    laid = laid_out(tables)
    return sealed_rows.seal(laid.rows, laid.entries, links, key)


line = st.tuples(field, field, field).map(lambda fields: "\t".join(fields).encode() + b"\n")
tables = st.lists(
    st.tuples(st.integers(0, 3), st.lists(line, max_size=8)).map(lambda t: rows_of(f"t{t[0]}", t[1], t[0])), max_size=5
)


@given(tables)
@settings(max_examples=60, deadline=None)
def test_rows_come_back_exactly(sealed: list[TableRows]) -> None:
    opened = unseal(seal(sealed, [["links"]], KEY), KEY)
    assert list(opened.tables()) == sealed
    assert opened.links == [["links"]]
    assert opened.row_count == sum(rows.content.rows for rows in sealed)


def test_many_rows_are_cut_into_row_groups_and_come_back() -> None:
    rows = rows_of("big", [b"%d\t%s\tx\n" % (i, b"y" * (i % 700)) for i in range(20_000)])
    opened = unseal(seal([rows], [], KEY), KEY)
    assert next(opened.tables()).text == rows.text


def test_nothing_is_in_clear() -> None:
    data = seal([rows_of("guests", [b"1\tAmelia Farnsworth\tx\n"])], [], KEY)
    for word in (b"Amelia", b"guests", b"parents", b"table_name", FOOTER_KEY):
        assert word not in data


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(Damaged):
        unseal(seal([rows_of("t", [b"1\ta\tb\n"])], [], KEY), os.urandom(32))


def test_every_flipped_byte_is_noticed_or_harmless() -> None:
    rows = [rows_of("t", [b"%d\tname %d\tx\n" % (i, i) for i in range(40)])]
    data = seal(rows, [], KEY)
    for offset in range(len(data)):
        damaged = bytearray(data)
        damaged[offset] ^= 0x10
        try:
            opened = unseal(bytes(damaged), KEY)
        except Damaged:
            continue
        assert list(opened.tables()) == rows


@pytest.mark.parametrize("keep", [0, 4, 100, -9, -1])
def test_a_truncated_object_is_refused(keep: int) -> None:
    data = seal([rows_of("t", [b"1\ta\tb\n"])], [], KEY)
    with pytest.raises(Damaged):
        unseal(data[:keep], KEY)


def test_a_plaintext_file_in_its_place_is_refused() -> None:
    out = pa.BufferOutputStream()
    pq.write_table(pa.table({"table_name": ["t"], "row_key": ["1"], "row": ["1\n"]}), out)
    with pytest.raises(Damaged):
        unseal(out.getvalue().to_pybytes(), KEY)


@given(st.lists(line, min_size=1, max_size=6))
@settings(max_examples=30, deadline=None)
def test_the_row_key_is_the_first_fields(lines: list[bytes]) -> None:
    data = seal([rows_of("t", lines, 2)], [], KEY)
    file = pq.ParquetFile(
        pa.BufferReader(data), pre_buffer=False, decryption_properties=pe.create_decryption_properties(KEY)
    )
    keys = file.read(use_threads=False)["row_key"].to_pylist()
    assert keys == ["\t".join(row.decode()[:-1].split("\t")[:2]) for row in lines]
