"""Rows that wait to be sealed: out of memory, in a temporary file that nobody can read without this batch's key."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import pyarrow as pa

from wedsync_dr.encryption.scratch import ScratchKey
from wedsync_dr.errors import VaultUnavailable

_PREFIX = "wedsync-dr-shelf-"
_LOCK = "lock"
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


@dataclass(frozen=True)
class Slot:
    """Where a batch of rows lies; `size` is that of its rows as text."""

    size: int
    rows: pa.RecordBatch | None = field(default=None, repr=False)
    file: str = ""
    offset: int = 0
    length: int = 0


@dataclass(frozen=True)
class Shelf:
    """A directory of temporary files, one per process, sealed with AES-256-GCM under a key that is never stored.

    Can be sent to another process, which then reads what this one wrote and writes a file of its own. The first
    `in_memory` bytes of rows stay in this process's memory.
    """

    directory: Path
    key: ScratchKey
    in_memory: int = 0
    _held: list[int] = field(default_factory=lambda: [0], repr=False)

    def put(self, rows: pa.RecordBatch) -> Slot:
        """Lay rows down. VaultUnavailable where there is no room."""
        size = rows.nbytes
        if self._held[0] + size <= self.in_memory:
            self._held[0] += size
            return Slot(size, rows)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema, options=_OPTIONS) as writer:
            writer.write_batch(rows)
        path = self.directory / f"{os.getpid()}"
        with _told():
            return self._append(path, memoryview(sink.getvalue()).cast("B"), size)

    def get(self, slot: Slot) -> pa.RecordBatch:
        """What was laid down."""
        if slot.rows is not None:
            return slot.rows
        with _told(), (self.directory / slot.file).open("rb") as file:
            file.seek(slot.offset)
            sealed = file.read(slot.length)
        data = self.key.open(sealed, slot.file, str(slot.offset))
        return pa.ipc.open_stream(data).read_next_batch()

    def _append(self, path: Path, data: memoryview, size: int) -> Slot:
        with path.open("ab") as file:
            offset = file.tell()
            sealed = self.key.seal(data, path.name, str(offset))
            file.write(sealed)
        return Slot(size, None, path.name, offset, len(sealed))


@contextmanager
def shelf(in_memory: int) -> Iterator[Shelf]:
    """A shelf that is gone at the end, and whose key with it; so are those of processes that were killed.

    Its lock is held as long as this process lives.
    """
    with _told():
        _remove_abandoned()
        made = TemporaryDirectory(prefix=_PREFIX)
    with made as directory, (Path(directory) / "locking").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        Path(lock.name).rename(Path(directory) / _LOCK)  # nobody sees it unlocked
        yield Shelf(Path(directory), ScratchKey(), in_memory)


def _remove_abandoned() -> None:
    """What nobody can read any more takes no room either. A directory that is not ours, or in use, is left alone."""
    for directory in Path(gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError), (directory / _LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(directory)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise VaultUnavailable(
            f"The temporary directory cannot be used ({error.strerror}).",
            remedy="Make room there, or point TMPDIR to a directory with room for a fifth of the database.",
        ) from None
