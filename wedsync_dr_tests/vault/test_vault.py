"""Which snapshots exist, what a manifest must be, and what is not ours."""

import base64
import json
from dataclasses import replace

import pytest

from wedsync_dr.errors import Damaged, FormatUnsupported, NotInitialised, ObjectExists
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.vault import manifests
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.memory import MemoryStore
from wedsync_dr.vault.vault import SnapshotRef, Vault
from wedsync_dr_tests.vault.batches import (
    NOW,
    WEDDINGS,
    manifest_of,
    new_archive,
    new_keyring,
    put_manifest,
    put_objects,
    snapshot_id,
    take_batch,
)

SCOPE = WEDDINGS[0]


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def archive(store: MemoryStore) -> Archive:
    return new_archive(store)


def place(scope: ScopeId, number: int, name: str = "manifest.json") -> str:
    return f"snapshots/{scope}/{snapshot_id(number)}/{name}"


def rewrite(store: MemoryStore, key: str, data: bytes) -> None:
    store.delete(key)
    store.put(key, data)


def test_a_place_without_a_format_file_is_no_vault() -> None:
    with pytest.raises(NotInitialised):
        Vault(MemoryStore()).check()


def test_a_vault_is_made_once(store: MemoryStore) -> None:
    assert Vault(store).create(NOW) is True
    assert Vault(store).create(NOW) is False


@pytest.mark.parametrize(
    "content",
    [{"format": "wedsync-dr", "version": 2}, {"format": "another", "version": 1}, {"version": 1}, {}],
)
def test_a_newer_or_foreign_vault_is_refused(store: MemoryStore, content: dict[str, object]) -> None:
    store.put("format.json", json.dumps(content).encode())
    with pytest.raises(FormatUnsupported):
        Vault(store).check()
    with pytest.raises(FormatUnsupported):
        Vault(store).create(NOW)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"[" * 100_000])
def test_a_format_file_that_cannot_be_read_is_damage(store: MemoryStore, content: bytes) -> None:
    store.put("format.json", content)
    with pytest.raises(Damaged):
        Vault(store).check()


@pytest.mark.parametrize("number", [1, 2])
def test_a_manifest_comes_back_as_it_was_written(archive: Archive, number: int) -> None:
    manifest = manifest_of(SCOPE, number)
    put_manifest(archive, SCOPE, manifest.snapshot_id, manifests.to_bytes(manifest, archive.signer))
    assert archive.vault.manifest(SCOPE, manifest.snapshot_id, archive.verifier) == manifest


def test_a_manifest_is_signed_as_the_format_says(archive: Archive, store: MemoryStore) -> None:
    take_batch(archive, 1, [SCOPE])
    data = store.get(place(SCOPE, 1))
    entry = json.loads(data)
    assert data == json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    signature = base64.b64decode(entry.pop("signature"))
    body = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert archive.verifier.verify(body, signature)
    members = "content format id kind lsn objects previous schema snapshot_id source taken_at tier tool version"
    assert sorted(entry) == members.split()


def test_a_manifest_is_written_once(archive: Archive) -> None:
    take_batch(archive, 1)
    with pytest.raises(ObjectExists):
        put_manifest(archive, SCOPE, snapshot_id(1), b"{}")


def test_every_changed_byte_of_a_manifest_is_noticed(archive: Archive, store: MemoryStore) -> None:
    (manifest,) = take_batch(archive, 1, [SCOPE])
    original = store.get(place(SCOPE, 1))
    for offset in range(len(original)):
        changed = bytearray(original)
        changed[offset] ^= 1
        rewrite(store, place(SCOPE, 1), bytes(changed))
        try:
            read = archive.vault.manifest(SCOPE, snapshot_id(1), archive.verifier)
        except (Damaged, FormatUnsupported):
            continue
        assert read == manifest  # the same JSON in other bytes: only the digest in the ledger tells them apart
        assert archive.ledger.known().believes(SCOPE, snapshot_id(1), manifests.digest(bytes(changed))) is False


@pytest.mark.parametrize(
    "content", [b"", b"null", b"{}", b"\xff\xfe", b'{"signature": 1}', b'{"signature": "\\ud800"}']
)
def test_what_is_no_manifest_is_damage(archive: Archive, store: MemoryStore, content: bytes) -> None:
    store.put(place(SCOPE, 1), content)
    with pytest.raises(Damaged):
        archive.vault.manifest(SCOPE, snapshot_id(1), archive.verifier)


def test_a_manifest_in_another_snapshots_place_is_damage(archive: Archive, store: MemoryStore) -> None:
    take_batch(archive, 1)
    data = store.get(place(WEDDINGS[0], 1))
    rewrite(store, place(WEDDINGS[1], 1), data)
    store.put(place(WEDDINGS[0], 2), data)
    for scope, number in ((WEDDINGS[1], 1), (WEDDINGS[0], 2)):
        with pytest.raises(Damaged, match="another snapshot"):
            archive.vault.manifest(scope, snapshot_id(number), archive.verifier)


def test_a_manifest_signed_by_another_keyring_is_damage(archive: Archive) -> None:
    stranger = new_keyring().signer()
    put_manifest(archive, SCOPE, snapshot_id(1), manifests.to_bytes(manifest_of(SCOPE, 1), stranger))
    with pytest.raises(Damaged, match="signed"):
        archive.vault.manifest(SCOPE, snapshot_id(1), archive.verifier)


def test_a_ledger_entry_is_no_manifest(archive: Archive, store: MemoryStore) -> None:
    archive.ledger.append("batch-started", {"batch": "b"}, NOW)
    store.put(place(SCOPE, 1), store.get("ledger/000000000000.json"))
    with pytest.raises(Damaged):
        archive.vault.manifest(SCOPE, snapshot_id(1), archive.verifier)


def test_a_newer_manifest_says_so(archive: Archive) -> None:
    newer = {"format": "wedsync-dr", "version": 2}
    put_manifest(archive, SCOPE, snapshot_id(1), manifests.signed(newer, archive.signer))
    with pytest.raises(FormatUnsupported, match="version 2"):
        archive.vault.manifest(SCOPE, snapshot_id(1), archive.verifier)


def test_only_what_has_a_manifest_is_a_snapshot(archive: Archive) -> None:
    take_batch(archive, 1, WEDDINGS[:2])
    put_objects(archive, manifest_of(WEDDINGS[2], 2))
    assert [ref.scope for ref in archive.vault.snapshots()] == WEDDINGS[:2]
    assert list(archive.vault.unfinished()) == [SnapshotRef(WEDDINGS[2], snapshot_id(2))]


def test_snapshots_of_a_scope_are_in_the_order_of_time(archive: Archive) -> None:
    for number in (3, 1, 2):
        take_batch(archive, number)
    refs = list(archive.vault.snapshots(scope=SCOPE))
    assert [ref.snapshot_id for ref in refs] == [snapshot_id(number) for number in (1, 2, 3)]
    assert archive.vault.newest(SCOPE) == refs[-1]
    assert refs[0].taken_at == NOW.replace(second=1)
    assert archive.vault.newest(ScopeId(Kind.WEDDING, "9")) is None


def test_a_scope_does_not_list_the_snapshots_of_one_whose_id_begins_alike(archive: Archive) -> None:
    longer, vendor = ScopeId(Kind.WEDDING, "11"), ScopeId(Kind.VENDOR, "1")
    take_batch(archive, 1, [SCOPE, longer, vendor])
    assert [ref.scope for ref in archive.vault.snapshots(scope=SCOPE)] == [SCOPE]
    assert {ref.scope for ref in archive.vault.snapshots(kind=Kind.WEDDING)} == {SCOPE, longer}
    assert archive.vault.objects_of(SnapshotRef(SCOPE, snapshot_id(1))) == ["business-0.parquet", "personal-0.parquet"]


def test_a_discarded_snapshot_loses_its_manifest_first(archive: Archive, store: MemoryStore) -> None:
    take_batch(archive, 1, [SCOPE])
    deleted: list[str] = []

    class Recording:
        put, get, stat, list = store.put, store.get, store.stat, store.list

        def delete(self, key: str) -> None:
            deleted.append(key.rpartition("/")[2])
            store.delete(key)

    Vault(Recording()).discard(SnapshotRef(SCOPE, snapshot_id(1)))
    assert deleted == ["manifest.json", "business-0.parquet", "personal-0.parquet"]
    assert list(archive.vault.unfinished()) == []


FOREIGN = [
    "README",
    "snapshots/wedding/1/notes",
    "snapshots/wedding/1/20261124T083001.123456Z-00000001/thumbs.db",
    "snapshots/wedding/1/20269924T083001.123456Z-00000001/manifest.json",
    "snapshots/wedding/1/20261124T083001.123456Z-0000000G/manifest.json",
    "snapshots/guest/1/20261124T083001.123456Z-00000001/manifest.json",
    "snapshots/wedding/a..b/20261124T083001.123456Z-00000001/manifest.json",
]


def test_foreign_files_are_named_and_nothing_else(archive: Archive, store: MemoryStore) -> None:
    take_batch(archive, 1)
    put_objects(archive, manifest_of(SCOPE, 2))
    assert list(archive.vault.foreign()) == []
    for key in FOREIGN:
        store.put(key, b"")
    assert sorted(archive.vault.foreign()) == sorted(FOREIGN)
    assert len(list(archive.vault.snapshots())) == len(WEDDINGS)


def test_discarding_a_snapshot_leaves_foreign_files_alone(archive: Archive, store: MemoryStore) -> None:
    take_batch(archive, 1, [SCOPE])
    store.put(place(SCOPE, 1, "thumbs.db"), b"")
    archive.vault.discard(SnapshotRef(SCOPE, snapshot_id(1)))
    assert [info.key for info in store.list("snapshots/")] == [place(SCOPE, 1, "thumbs.db")]


def test_a_snapshot_is_held_only_with_every_object_in_full(archive: Archive, store: MemoryStore) -> None:
    (manifest,) = take_batch(archive, 1, [SCOPE])
    assert archive.vault.holds(manifest)
    rewrite(store, place(SCOPE, 1, "personal-0.parquet"), b"cut")
    assert not archive.vault.holds(manifest)
    store.delete(place(SCOPE, 1, "personal-0.parquet"))
    assert not archive.vault.holds(manifest)
    assert archive.vault.holds(replace(manifest, objects=()))
