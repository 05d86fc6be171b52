"""Rows that wait: nobody else can read them, they are gone afterwards, and no room for them is said."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from wedsync_dr.encryption.scratch import ScratchKey
from wedsync_dr.errors import Damaged, VaultUnavailable
from wedsync_dr.snapshot.shelf import shelf
from wedsync_dr.snapshot.split import ROWS


def rows(text: bytes) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"place": [3, 3], "row": [b"1\t" + text + b"\n", b"2\t" + text + b"\n"]}, ROWS)


def test_rows_come_back_from_memory_and_from_the_file() -> None:
    with shelf(100) as place:
        laid = [rows(bytes([65 + i]) * 30) for i in range(4)]
        slots = [place.put(one) for one in laid]
        assert [slot.rows is None for slot in slots] == [False, True, True, True]
        assert [place.get(slot) for slot in slots] == laid
        assert place.directory.exists()
    assert not place.directory.exists()


def test_nothing_lies_in_clear_and_another_key_reads_nothing() -> None:
    with shelf(0) as place:
        slot = place.put(rows(b"Amelia Farnsworth"))
        (file,) = (path for path in place.directory.iterdir() if path.name.isdigit())
        assert b"Amelia" not in file.read_bytes()
        assert place.directory.stat().st_mode & 0o077 == 0
        with pytest.raises(Damaged):
            replace(place, key=ScratchKey()).get(slot)


def test_no_room_is_said_with_what_to_do(tmp_path: Path) -> None:
    with shelf(0) as place, pytest.raises(VaultUnavailable) as full:
        replace(place, directory=tmp_path / "gone").put(rows(b"x"))
    assert "TMPDIR" in full.value.remedy


def test_what_a_killed_process_left_is_removed_by_the_next_and_what_a_living_one_has_is_not() -> None:
    program = "import os, signal; from wedsync_dr.snapshot.shelf import shelf\n"
    program += "with shelf(0) as place: print(place.directory, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    killed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603
    left = Path(killed.stdout.strip())
    assert left.is_dir()
    with shelf(0) as first, shelf(0) as second:
        assert first.directory.is_dir() and second.directory.is_dir()
        assert not left.exists()
