"""Kill the writer at any write: nothing half-made is ever listed, and the next run cleans up."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wedsync_dr.encryption.keyring import Keyring
from wedsync_dr.encryption.root_key import RootKey
from wedsync_dr.errors import VaultUnavailable
from wedsync_dr.model import FindingCode
from wedsync_dr.restore.run import restore
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.take import take
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.memory import MemoryStore
from wedsync_dr.vault.store import ObjectInfo
from wedsync_dr.vault.vault import Vault
from wedsync_dr.verification.verify import verify
from wedsync_dr_tests import town


class PowerCut(BaseException):
    """The machine is off. No handler of the product may see it as an error that it knows."""


class FailingStore:
    """A store on which the nth write from now, and all after it, do not happen."""

    def __init__(self, store: MemoryStore, failure: BaseException, *, after: int | None = None) -> None:
        self._store, self._failure, self.left = store, failure, after

    def _write(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise self._failure

    def put(self, key: str, data: bytes) -> None:
        self._write()
        self._store.put(key, data)

    def get(self, key: str) -> bytes:
        return self._store.get(key)

    def stat(self, key: str) -> ObjectInfo | None:
        return self._store.stat(key)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        return self._store.list(prefix)

    def delete(self, key: str) -> None:
        self._write()
        self._store.delete(key)


def copy_of(store: MemoryStore) -> MemoryStore:
    other = MemoryStore()
    for info in store.list(""):
        other.put(info.key, store.get(info.key))
    return other


def open_archive(store: MemoryStore | FailingStore, keys: MemoryStore) -> Archive:
    vault, keyring = Vault(store), Keyring(keys, RootKey(b"r" * 32))
    vault.create(town.NOW)
    keyring.create(town.NOW)
    return Archive.open(vault, keyring)


@given(st.integers(0, 140), st.integers(0, 60))
@settings(max_examples=14, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_listed_after_a_power_cut_verifies_and_the_next_run_cleans_up(
    source: Source, first: int, second: int
) -> None:
    store, keys = MemoryStore(), MemoryStore()
    open_archive(store, keys)
    for left in (first, second):
        failing = FailingStore(store, PowerCut())
        archive = open_archive(failing, keys)
        failing.left = left
        town.run(source, "UPDATE guests SET name = name || 'x'")
        try:
            take(source, archive, None, now=town.NOW, requested_by="test")
        except PowerCut:
            pass
        found = {finding.code for finding in verify(open_archive(store, keys)).findings}
        assert found <= {FindingCode.NOTHING_CHECKED}
    healed = open_archive(store, keys)
    assert not take(source, healed, None, now=town.NOW, requested_by="test").failed
    assert list(healed.vault.unfinished()) == []
    assert healed.ledger.known().open_batches == set()
    assert verify(open_archive(store, keys)).findings == ()


def test_a_power_cut_at_any_write_of_a_supplement_leaves_only_whole_things(source: Source) -> None:
    keys, wedding = MemoryStore(), town.wedding(3)
    first = MemoryStore()
    town.take_all(source, open_archive(first, keys))
    town.run(source, "UPDATE vendors SET name = 'Other' WHERE id = 3", "UPDATE bookings SET price = 9 WHERE id = 33")
    outcomes = []
    for left in count():
        store = copy_of(first)
        archive = open_archive(failing := FailingStore(store, PowerCut()), keys)
        failing.left = left
        try:
            take(source, archive, [wedding], now=town.NOW, requested_by="test")
        except PowerCut:
            pass
        seen = open_archive(store, keys)
        assert verify(seen).findings == ()
        supplements, snapshots = len(list(seen.vault.supplements.snapshots())), len(list(seen.vault.snapshots()))
        outcomes.append((supplements, snapshots - len(list(open_archive(first, keys).vault.snapshots()))))
        town.take_all(source, seen)
        assert (list(seen.vault.unfinished()), list(seen.vault.supplements.unfinished())) == ([], [])
        assert verify(open_archive(store, keys)).findings == ()
        if failing.left > 0:
            break
    assert sorted(set(outcomes)) == [(0, 0), (1, 0), (1, 1)]


def test_a_full_vault_fails_each_scope_with_a_remedy_and_leaves_nothing(source: Source) -> None:
    store, keys = MemoryStore(), MemoryStore()
    open_archive(store, keys)
    full = FailingStore(store, VaultUnavailable("No space left.", remedy="Make room."))
    archive = open_archive(full, keys)
    full.left = 30
    with pytest.raises(VaultUnavailable):
        town.take_all(source, archive)
    assert {f.code for f in verify(open_archive(store, keys)).findings} <= {FindingCode.NOTHING_CHECKED}
    town.take_all(source, open_archive(store, keys))
    assert verify(open_archive(store, keys)).findings == ()


def test_a_crash_while_a_snapshot_is_removed_leaves_no_half_snapshot(source: Source) -> None:
    store, keys = MemoryStore(), MemoryStore()
    archive = open_archive(store, keys)
    town.take_all(source, archive)
    ref = next(archive.vault.snapshots(scope=town.wedding(3)))
    failing = FailingStore(store, PowerCut(), after=1)
    with pytest.raises(PowerCut):
        Vault(failing).discard(ref)
    assert ref not in list(archive.vault.snapshots(scope=town.wedding(3)))


def test_a_live_writers_batch_is_left_alone(source: Source, archive: Archive, tmp_path: Path) -> None:
    seen: list[str] = []

    def interfere(stage: str, done: int, total: int) -> None:
        if stage == "reading" and done == 0:
            other = town.reopened(tmp_path)
            take(source, other, [town.wedding(3)], now=town.NOW, requested_by="other")
            seen.extend(other.ledger.known().open_batches)

    batch = take(source, archive, [town.wedding(4)], now=town.NOW, requested_by="test", progress=interfere)
    assert seen and not batch.failed
    assert verify(town.reopened(tmp_path)).findings == ()


def test_a_restore_from_a_read_only_vault_is_refused_before_anything_changes(source: Source) -> None:
    store, keys = MemoryStore(), MemoryStore()
    town.take_all(source, open_archive(store, keys))
    town.run(source, "DELETE FROM weddings WHERE id = 3")
    before = town.state(source)
    failing = FailingStore(store, VaultUnavailable("Read-only.", remedy="Mount it."))
    read_only = open_archive(failing, keys)
    failing.left = 0
    with pytest.raises(VaultUnavailable):
        restore(source, read_only, town.wedding(3), apply=True, now=town.NOW, requested_by="test")
    assert town.state(source) == before
