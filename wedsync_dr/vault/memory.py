"""A store in memory: for tests, and for looking at a snapshot without a disk."""

from collections.abc import Iterator
from threading import Lock

from wedsync_dr.errors import ObjectExists, ObjectMissing
from wedsync_dr.vault.store import ObjectInfo, check_key


class MemoryStore:
    """An ObjectStore that ends with its process."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._lock = Lock()

    def put(self, key: str, data: bytes) -> None:
        with self._lock:
            if check_key(key) in self._objects:
                raise ObjectExists(
                    f"{key} was written before.", remedy="Objects are written once; look at what is there."
                )
            self._objects[key] = bytes(data)

    def get(self, key: str) -> bytes:
        try:
            return self._objects[check_key(key)]
        except KeyError:
            raise _missing(key) from None

    def stat(self, key: str) -> ObjectInfo | None:
        data = self._objects.get(check_key(key))
        return None if data is None else ObjectInfo(key, len(data))

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        with self._lock:
            found = [
                ObjectInfo(key, len(data)) for key, data in sorted(self._objects.items()) if key.startswith(prefix)
            ]
        yield from found

    def delete(self, key: str) -> None:
        with self._lock:
            if self._objects.pop(check_key(key), None) is None:
                raise _missing(key)


def _missing(key: str) -> ObjectMissing:
    return ObjectMissing(f"{key} is not there.", remedy="`wedsync-dr verify` names all that is missing.")
