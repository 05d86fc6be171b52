"""A store in a directory. Write, sync, link, sync the directory: whole or not at all, also after a power cut."""

import errno
import fcntl
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from stat import S_ISREG

from wedsync_dr.errors import DisasterRecoveryError, ObjectExists, ObjectMissing, VaultUnavailable
from wedsync_dr.vault.durable import sync_directory, sync_filesystem, write
from wedsync_dr.vault.store import ObjectInfo, check_key

_UNFINISHED = ".unfinished"
_NOT_THERE = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
_PATIENCE = 100
_AT_ONCE = 256  # files that are open at the same time
_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


class LocalStore:
    """An ObjectStore below a directory. Files are read-only and for the owner alone.

    A put writes to `.unfinished/` and links the synced file to its name: `os.link` refuses a name that is taken, where
    a rename would replace it. A writer holds a lock on its unfinished file, which the kernel drops when the writer
    dies; so the first put of every process can remove what dead writers left, and nothing else.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._durable: set[Path] = set()  # directories that survive a power cut, as far as this process knows
        self._cleaned = False

    def __reduce__(self) -> tuple[type["LocalStore"], tuple[Path]]:
        return LocalStore, (self.root,)

    def put(self, key: str, data: bytes) -> None:
        path = self._path(key)
        with self._translated():
            handle, unfinished = self._begin()
            try:
                write(handle, data)
                os.fsync(handle)
                self._name(key, unfinished, self._make_durable)
            finally:
                os.unlink(unfinished)
                os.close(handle)
            sync_directory(path.parent)

    def put_all(self, objects: Mapping[str, bytes]) -> dict[str, DisasterRecoveryError]:
        """Put objects; those that could not be put, and why. The file system is synced twice for some hundred."""
        failed: dict[str, DisasterRecoveryError] = {}
        for keys in _few(objects):
            failed |= self._put_few({key: objects[key] for key in keys})
        return failed

    def _put_few(self, objects: Mapping[str, bytes]) -> dict[str, DisasterRecoveryError]:
        failed: dict[str, DisasterRecoveryError] = {}
        written: dict[str, tuple[int, Path]] = {}
        try:
            with self._noted(failed, objects), self._translated():
                for key, data in objects.items():
                    with self._noted(failed, [key]), self._translated():
                        written[key] = self._begin()
                        write(written[key][0], data)
                sync_filesystem(self.root)
                for key, (_, unfinished) in written.items():
                    if key not in failed:
                        with self._noted(failed, [key]), self._translated():
                            self._name(key, unfinished, self._make)
                sync_filesystem(self.root)
        finally:
            for handle, unfinished in written.values():
                os.unlink(unfinished)
                os.close(handle)
        return failed

    @contextmanager
    def _noted(self, failed: dict[str, DisasterRecoveryError], keys: Iterable[str]) -> Iterator[None]:
        """What is raised here is why these keys were not put."""
        try:
            yield
        except DisasterRecoveryError as error:
            failed |= dict.fromkeys(keys, error)

    def get(self, key: str) -> bytes:
        with self._translated(), _told_missing(key):
            return self._path(key).read_bytes()

    def stat(self, key: str) -> ObjectInfo | None:
        with self._translated():
            try:
                found = self._path(key).stat()
            except _NOT_THERE:
                return None
            return ObjectInfo(key, found.st_size) if S_ISREG(found.st_mode) else None

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        with self._translated():
            start, _, _ = prefix.rpartition("/")
            for info in self._walk(start):
                if info.key.startswith(prefix):
                    yield info

    def delete(self, key: str) -> None:
        path = self._path(key)
        with self._translated(), _told_missing(key):
            path.unlink()
            self._sync_what_is_left(path.parent)
            self._remove_empty(path.parent)

    def clean(self) -> int:
        """Remove what dead writers left unfinished; a live writer's file is left alone. Returns how many there were."""
        directory = self.root / _UNFINISHED
        with self._translated():
            return sum(_remove_if_abandoned(path) for path in list(directory.iterdir()))

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)

    def _begin(self) -> tuple[int, Path]:
        """A new unfinished file, locked by this writer."""
        self._make_durable(self.root / _UNFINISHED)
        if not self._cleaned:
            self._cleaned = True
            self.clean()
        while True:
            path = self.root / _UNFINISHED / secrets.token_hex(12)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400)
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_nlink:  # nobody cleaned it away between the two calls
                return handle, path
            os.close(handle)

    def _name(self, key: str, unfinished: Path, make: Callable[[Path], None]) -> None:
        """Give a finished file its name. A directory may vanish meanwhile: a `delete` removes those that it emptied."""
        path = self._path(key)
        for patience in reversed(range(_PATIENCE)):
            try:
                make(path.parent)
                os.link(unfinished, path)
            except FileExistsError:
                raise ObjectExists(
                    f"{key} was written before.", remedy="Objects are written once; look at what is there."
                ) from None
            except FileNotFoundError:
                self._durable.clear()
                if not patience:
                    raise
            else:
                return

    def _make_durable(self, directory: Path) -> None:
        """Make a directory, and sync every entry on the way to it that this process has not seen synced.

        One that is there already may have been made a moment ago by another thread, which has not synced it yet.
        """
        if directory in self._durable:
            return
        if directory == self.root:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        else:
            self._make_durable(directory.parent)
            directory.mkdir(mode=0o700, exist_ok=True)
            sync_directory(directory.parent)
        self._durable.add(directory)

    def _make(self, directory: Path) -> None:
        """Make a directory whose way will be synced with all else."""
        try:
            directory.mkdir(mode=0o700, exist_ok=True)
        except FileNotFoundError:
            self._make(directory.parent)
            directory.mkdir(mode=0o700, exist_ok=True)

    def _walk(self, start: str) -> Iterator[ObjectInfo]:
        """Everything in the order of the keys; also names that are no keys, so that they can be reported."""
        for name, entry in _entries(self.root / start, hidden="" if start else _UNFINISHED):
            key = f"{start}/{name}" if start else name
            if name.endswith("/"):
                yield from self._walk(key.removesuffix("/"))
                continue
            try:
                yield ObjectInfo(_readable(key), entry.stat(follow_symlinks=False).st_size)
            except FileNotFoundError:  # deleted since the directory was read
                continue

    def _sync_what_is_left(self, path: Path) -> None:
        """Sync a directory, or the nearest one above it that is still there."""
        while True:
            try:
                return sync_directory(path)
            except FileNotFoundError:
                if path == self.root:
                    raise
                path = path.parent

    def _remove_empty(self, path: Path) -> None:
        while path != self.root:
            try:
                path.rmdir()
            except OSError:
                return
            self._durable.discard(path)
            path = path.parent

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn the system's errors into ours."""
        try:
            yield
        except OSError as error:
            raise VaultUnavailable(
                f"{self.root} cannot be used ({error.strerror}).", remedy=_remedy(error.errno)
            ) from None


def _few(keys: Iterable[str]) -> Iterator[list[str]]:
    waiting = iter(keys)
    while few := list(islice(waiting, _AT_ONCE)):
        yield few


def _entries(directory: Path, *, hidden: str) -> Iterable[tuple[str, os.DirEntry[str]]]:
    """What a directory holds, in the order of keys: those of directories end with a slash."""
    try:
        with os.scandir(directory) as entries:
            names = [
                (entry.name + ("/" if entry.is_dir(follow_symlinks=False) else ""), entry)
                for entry in entries
                if entry.name != hidden
            ]
    except _NOT_THERE:
        return []
    return sorted(names, key=lambda pair: pair[0])


def _remedy(code: int | None) -> str:
    if code in _FULL:
        return "Make room on its disk and run the command again; nothing half-written is ever listed."
    if code in _FORBIDDEN:
        return "Let this user write there, or mount it for writing; then run the command again."
    return "Check that its disk is mounted and healthy, then run the command again."


@contextmanager
def _told_missing(key: str) -> Iterator[None]:
    try:
        yield
    except _NOT_THERE:
        raise ObjectMissing(f"{key} is not there.", remedy="`wedsync-dr verify` names all that is missing.") from None


def _readable(name: str) -> str:
    """A name that can be printed; a key of ours is itself."""
    return name if name.isascii() else os.fsencode(name).decode(errors="replace")


def _remove_if_abandoned(path: Path) -> int:
    """1 if there was an unfinished file that no writer holds."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except (FileNotFoundError, PermissionError):
        return 0
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except BlockingIOError:
        return 0
    else:
        return 1
    finally:
        os.close(handle)
