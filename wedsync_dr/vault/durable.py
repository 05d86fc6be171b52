"""Making files survive a power cut."""

import ctypes
import os
import sys
from pathlib import Path


def write(handle: int, data: bytes) -> None:
    """All of the data, however many writes it takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def sync_directory(path: Path) -> None:
    """The entries of a directory survive from here on."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_filesystem(path: Path) -> None:
    """All that was written to the file system of a directory survives from here on (syncfs(2), Linux; else sync(2)).

    For some hundred small files that costs a tenth of syncing each. Raises OSError where something was not written.
    """
    if sys.platform != "linux":
        os.sync()
        return
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if _LIBC.syncfs(handle):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
    finally:
        os.close(handle)


_LIBC = ctypes.CDLL(None, use_errno=True)
