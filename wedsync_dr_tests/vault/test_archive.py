"""The order of writes: whatever moment the power fails, nothing half-made is listed, and nothing listed is lost."""

import hashlib
import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wedsync_dr.errors import Damaged, ScopeBusy, VaultUnavailable
from wedsync_dr.vault import manifests
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.local import LocalStore
from wedsync_dr.vault.memory import MemoryStore
from wedsync_dr.vault.store import ObjectStore
from wedsync_dr.vault.vault import Vault
from wedsync_dr_tests.store_contract import FullStore, PowerCutStore, PowerLost
from wedsync_dr_tests.vault.batches import (
    NOW,
    WEDDINGS,
    commit,
    manifest_of,
    new_archive,
    new_keyring,
    put_manifest,
    put_objects,
    snapshot_id,
    take_batch,
)

SCOPE = WEDDINGS[0]
WRITES_OF_A_BATCH = 1 + 2 * len(WEDDINGS) + 1 + len(WEDDINGS) + 1  # started, objects, named, manifests, finished


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def archive(store: MemoryStore) -> Archive:
    return new_archive(store)


def on(archive: Archive, store: ObjectStore) -> Archive:
    """The same archive as another process would open it on that store."""
    return Archive.open(Vault(store), archive.keyring)


def assert_whole(archive: Archive) -> set[str]:
    """Every listed snapshot is signed, named by the ledger, and has all its objects; the ledger is unbroken."""
    assert list(archive.ledger.check()) == []
    state = archive.ledger.known()
    for ref in archive.vault.snapshots():
        manifest = archive.vault.manifest(ref.scope, ref.snapshot_id, archive.verifier)
        assert state.believes(
            ref.scope, ref.snapshot_id, manifests.digest(archive.vault.raw_manifest(ref.scope, ref.snapshot_id))
        )
        for sealed in manifest.objects:
            data = archive.vault.get_object(ref.scope, ref.snapshot_id, sealed.name)
            assert hashlib.sha256(data).hexdigest() == sealed.sha256
    assert list(archive.vault.foreign()) == []
    return {ref.snapshot_id for ref in archive.vault.snapshots()}


@given(st.integers(0, WRITES_OF_A_BATCH - 1), st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_power_cut_at_any_write_of_a_batch_leaves_only_whole_snapshots(survives: int, lands: bool) -> None:
    disk = MemoryStore()
    archive = new_archive(disk)
    take_batch(archive, 1)
    with pytest.raises(PowerLost):
        take_batch(on(archive, PowerCutStore(disk, survives=survives, lands=lands)), 2)
    afterwards = on(archive, disk)
    assert snapshot_id(1) in assert_whole(afterwards)
    for ref in list(afterwards.vault.unfinished()):
        assert ref.snapshot_id == snapshot_id(2)
        afterwards.vault.discard(ref)
    take_batch(afterwards, 3)
    assert assert_whole(afterwards) >= {snapshot_id(1), snapshot_id(3)}


@given(st.integers(0, 3 * len(WEDDINGS) - 1), st.booleans())
@settings(max_examples=30, deadline=None)
def test_a_power_cut_while_discarding_leaves_only_whole_snapshots(survives: int, lands: bool) -> None:
    disk = MemoryStore()
    archive = new_archive(disk)
    take_batch(archive, 1)
    dying = on(archive, PowerCutStore(disk, survives=survives, lands=lands))
    refs = list(archive.vault.snapshots())
    with pytest.raises(PowerLost):
        list(map(dying.vault.discard, refs))
    assert_whole(on(archive, disk))


@given(st.integers(0, 6000))
@settings(max_examples=40, deadline=None)
def test_a_disk_that_fills_up_leaves_only_whole_snapshots(room: int) -> None:
    disk = MemoryStore()
    archive = new_archive(disk)
    take_batch(archive, 1)
    try:
        take_batch(on(archive, FullStore(disk, room)), 2)
    except VaultUnavailable:
        pass
    assert snapshot_id(1) in assert_whole(on(archive, disk))


def test_no_manifest_is_written_before_the_ledger_names_it(archive: Archive, store: MemoryStore) -> None:
    manifest = manifest_of(SCOPE, 1)
    put_objects(archive, manifest)
    with pytest.raises(PowerLost):
        commit(on(archive, PowerCutStore(store, survives=1)), snapshot_id(1), [manifest])
    assert (SCOPE, snapshot_id(1)) in on(archive, store).ledger.known().snapshots
    assert list(archive.vault.snapshots()) == []


def test_the_newest_snapshot_is_the_last_one(archive: Archive) -> None:
    assert archive.newest(SCOPE) is None
    take_batch(archive, 1)
    (first, *_), (second, *_) = take_batch(archive, 2), take_batch(archive, 3)
    assert archive.newest(SCOPE) == second != first


def test_a_newest_snapshot_without_one_of_its_objects_does_not_count(archive: Archive, store: MemoryStore) -> None:
    take_batch(archive, 1)
    store.delete(f"snapshots/{SCOPE}/{snapshot_id(1)}/personal-0.parquet")
    with pytest.raises(Damaged):
        archive.newest(SCOPE)


def test_a_newest_snapshot_that_no_ledger_entry_names_does_not_count(archive: Archive) -> None:
    manifest = manifest_of(SCOPE, 1)
    put_objects(archive, manifest)
    put_manifest(archive, SCOPE, manifest.snapshot_id, manifests.to_bytes(manifest, archive.signer))
    with pytest.raises(Damaged):
        archive.newest(SCOPE)


def test_a_batch_that_another_run_has_closed_writes_no_manifest(archive: Archive, store: MemoryStore) -> None:
    manifest = manifest_of(SCOPE, 1)
    archive.ledger.append("batch-started", {"batch": snapshot_id(1)}, NOW)
    put_objects(archive, manifest)
    on(archive, store).ledger.append("batch-abandoned", {"batch": snapshot_id(1), "missing": []}, NOW)
    with pytest.raises(ScopeBusy):
        commit(archive, snapshot_id(1), [manifest])
    assert list(archive.vault.snapshots()) == []


def test_an_archive_can_be_sent_to_another_process_and_shows_no_key(tmp_path: Path) -> None:
    vault = Vault(LocalStore(tmp_path / "vault"))
    vault.create(NOW)
    archive = Archive.open(vault, new_keyring(LocalStore(tmp_path / "keyring")))
    take_batch(archive, 1)
    copy = pickle.loads(pickle.dumps(archive))  # noqa: S301
    assert copy.newest(SCOPE) == archive.newest(SCOPE)
    assert archive.signer.secret.hex() not in repr(archive)
    assert str(archive.signer.secret) not in repr(archive)
