"""A part of a store that is used like a store of its own."""

from collections.abc import Iterator

from wedsync_dr.vault.store import ObjectInfo, ObjectStore


class BeneathStore:
    """The objects of another store whose keys begin with a prefix, without it."""

    def __init__(self, store: ObjectStore, prefix: str) -> None:
        self._store, self._prefix = store, prefix.rstrip("/") + "/"

    def put(self, key: str, data: bytes) -> None:
        self._store.put(self._prefix + key, data)

    def get(self, key: str) -> bytes:
        return self._store.get(self._prefix + key)

    def stat(self, key: str) -> ObjectInfo | None:
        found = self._store.stat(self._prefix + key)
        return ObjectInfo(key, found.bytes) if found else None

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        for info in self._store.list(self._prefix + prefix):
            yield ObjectInfo(info.key.removeprefix(self._prefix), info.bytes)

    def delete(self, key: str) -> None:
        self._store.delete(self._prefix + key)

    def clear(self) -> None:
        """Remove everything in it."""
        for info in list(self.list("")):
            self.delete(info.key)
