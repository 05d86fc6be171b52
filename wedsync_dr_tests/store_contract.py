"""What every ObjectStore must do, and stores that fail on purpose: built on a store, they keep the same contract."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from wedsync_dr.errors import MalformedId, ObjectExists, ObjectMissing, VaultUnavailable
from wedsync_dr.vault.store import ObjectInfo, ObjectStore, put_all


class PowerLost(Exception):
    """The process is dead; nothing of it runs any more."""


class PowerCutStore:
    """Passes everything on, until the power fails at its nth write: just before it took effect, or just after."""

    def __init__(self, store: ObjectStore, *, survives: int, lands: bool = False) -> None:
        self._store, self._left, self._lands = store, survives, lands

    @property
    def dead(self) -> bool:
        return self._left < 0

    def put(self, key: str, data: bytes) -> None:
        self._write(lambda: self._store.put(key, data))

    def delete(self, key: str) -> None:
        self._write(lambda: self._store.delete(key))

    def get(self, key: str) -> bytes:
        self._alive()
        return self._store.get(key)

    def stat(self, key: str) -> ObjectInfo | None:
        self._alive()
        return self._store.stat(key)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        self._alive()
        return self._store.list(prefix)

    def _alive(self) -> None:
        if self.dead:
            raise PowerLost

    def _write(self, write: Callable[[], None]) -> None:
        self._alive()
        self._left -= 1
        if not self.dead or self._lands:
            write()
        self._alive()


class FullStore:
    """Has room for so many bytes, and says so like any store that is full."""

    def __init__(self, store: ObjectStore, room: int) -> None:
        self._store, self._room = store, room
        self.get, self.stat, self.list, self.delete = store.get, store.stat, store.list, store.delete

    def put(self, key: str, data: bytes) -> None:
        if len(data) > self._room:
            raise VaultUnavailable("The disk is full.", remedy="Make room.")
        self._store.put(key, data)
        self._room -= len(data)


class StoreContract:
    """A store's test class is this one with a `store` fixture."""

    def test_what_was_put_is_what_is_there(self, store: ObjectStore) -> None:
        for key, data in {"a": b"", "b/c": b"\x00\xff" * 5000, "b/d/e.json": b"{}"}.items():
            store.put(key, data)
            assert store.get(key) == data
            assert store.stat(key) == ObjectInfo(key, len(data))

    @pytest.mark.parametrize("again", [b"first", b"second"])
    def test_an_object_is_written_once(self, store: ObjectStore, again: bytes) -> None:
        store.put("k", b"first")
        with pytest.raises(ObjectExists):
            store.put("k", again)
        assert store.get("k") == b"first"

    def test_of_many_writers_of_one_object_one_wins_whole(self, store: ObjectStore) -> None:
        candidates = [bytes([i]) * 70_000 for i in range(8)]

        def put(data: bytes) -> bool:
            try:
                store.put("x/y", data)
            except ObjectExists:
                return False
            return True

        with ThreadPoolExecutor(8) as writers:
            won = [data for data, wrote in zip(candidates, writers.map(put, candidates), strict=True) if wrote]
        assert won == [store.get("x/y")]

    def test_many_at_once_are_put_as_one_by_one_and_none_is_replaced(self, store: ObjectStore) -> None:
        store.put("b/1/x", b"before")
        objects = {f"{letter}/{i}/x": bytes([i]) * i for letter in "abc" for i in range(130)}
        with ThreadPoolExecutor(4) as puts:
            failed = put_all(store, objects, puts)
        assert {key: type(error) for key, error in failed.items()} == {"b/1/x": ObjectExists}
        expected = objects | {"b/1/x": b"before"}
        assert {info.key: store.get(info.key) for info in store.list("")} == expected

    def test_an_object_that_is_not_there_is_missing(self, store: ObjectStore) -> None:
        store.put("a/b", b"")
        for absent in ("a", "z", "z/z", "a/b2"):
            assert store.stat(absent) is None
            with pytest.raises(ObjectMissing):
                store.get(absent)
            with pytest.raises(ObjectMissing):
                store.delete(absent)
        assert list(store.list("z/")) == []

    def test_a_list_has_all_objects_below_a_prefix_in_the_order_of_their_keys(self, store: ObjectStore) -> None:
        keys = ["a", "a-b/c", "a.json", "a/b", "a/b-c", "a/b/c", "a/b0", "a0", "b/~", "b/%2F"]
        keys = [key for key in keys if key not in ("a", "a/b")]  # a directory cannot have the name of a file
        for key in reversed(keys):
            store.put(key, b"x" * len(key))
        for prefix in ("", "a", "a/", "a/b", "a/b/", "b/", "c"):
            expected = [ObjectInfo(key, len(key)) for key in sorted(keys) if key.startswith(prefix)]
            assert list(store.list(prefix)) == expected

    def test_a_deleted_object_is_gone_and_its_name_free(self, store: ObjectStore) -> None:
        store.put("a/b/c", b"1")
        store.put("a/d", b"2")
        store.delete("a/b/c")
        assert [info.key for info in store.list("")] == ["a/d"]
        assert store.stat("a/b/c") is None
        store.put("a/b/c", b"3")
        assert store.get("a/b/c") == b"3"

    @pytest.mark.parametrize(
        "key", ["", "/", "/a", "a/", "a//b", "..", "a/../b", ".", "./a", ".a", "a/.b", "a b", "a\n", "ä", "a\\b", "a\0"]
    )
    def test_a_name_that_could_leave_the_store_is_no_key(self, store: ObjectStore, key: str) -> None:
        for attempt in (lambda: store.put(key, b""), lambda: store.get(key), lambda: store.delete(key)):
            with pytest.raises(MalformedId):
                attempt()
        assert list(store.list("")) == []

    def test_objects_come_and_go_while_others_list(self, store: ObjectStore) -> None:
        for i in range(40):
            store.put(f"stays/{i:03d}", b"")

        def come_and_go(worker: int) -> None:
            for i in range(10):
                store.put(f"passes/{worker}/{i}", b"")
                store.delete(f"passes/{worker}/{i}")

        with ThreadPoolExecutor(4) as workers:
            running = [workers.submit(come_and_go, worker) for worker in range(3)]
            while not all(run.done() for run in running):
                assert sum(info.key.startswith("stays/") for info in store.list("")) == 40
        assert [run.result() for run in running] == [None] * 3
