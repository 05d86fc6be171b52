"""Rows that were read before are laid on the shelf whole, in order, in portions of bounded size."""

from pathlib import Path

import pytest

from wedsync_dr.encryption.scratch import ScratchKey
from wedsync_dr.model import TableName
from wedsync_dr.snapshot.reading import Read
from wedsync_dr.snapshot.shelf import Shelf
from wedsync_dr.snapshot.split import CHUNK_BYTES
from wedsync_dr.source.session import connect

GUESTS, NOTES, EMPTY = (TableName("public", name) for name in ("guests", "notes", "empty"))


@pytest.mark.parametrize("in_memory", [0, 2**30])
def test_every_row_is_laid_down_once_and_in_order(database: str, tmp_path: Path, in_memory: int) -> None:
    big = [b"%d\t" % i + b"x" * (CHUNK_BYTES // 3) + b"\n" for i in range(8)]
    rows = {NOTES: [b"1\t\n", b"2\t\\N\n"], GUESTS: big, EMPTY: []}
    shelf = Shelf(tmp_path, ScratchKey(), in_memory)
    with connect(database, name="test") as session:
        laid = list(Read({}, rows, session).lay_down([GUESTS, EMPTY, NOTES], shelf))
    found: dict[TableName, list[bytes]] = {}
    for table, slot in laid:
        batch = shelf.get(slot)
        assert set(batch["place"].to_pylist()) == {0}
        assert batch.nbytes < 2 * CHUNK_BYTES
        found.setdefault(table, []).extend(batch["row"].to_pylist())
    assert found == {GUESTS: big, NOTES: rows[NOTES]}
    assert list(found) == [GUESTS, NOTES]
