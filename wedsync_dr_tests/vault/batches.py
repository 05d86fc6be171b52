"""Small batches of made-up snapshots, in the order in which a real batch writes."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from wedsync_dr.encryption.keyring import Keyring
from wedsync_dr.encryption.root_key import RootKey
from wedsync_dr.model import Instant, Kind, Manifest, RowClass, ScopeId, SealedObject, SourceIdentity, Tier
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.memory import MemoryStore
from wedsync_dr.vault.store import ObjectStore
from wedsync_dr.vault.vault import Vault

NOW = datetime(2026, 11, 24, 8, 30, 0, 123456, tzinfo=UTC)
WEDDINGS = [ScopeId(Kind.WEDDING, str(number)) for number in (1, 2, 3)]


def new_keyring(store: ObjectStore | None = None) -> Keyring:
    keyring = Keyring(store or MemoryStore(), RootKey(bytes(range(32))))
    keyring.create(NOW)
    return keyring


def new_archive(store: ObjectStore) -> Archive:
    vault = Vault(store)
    vault.create(NOW)
    return Archive.open(vault, new_keyring())


def snapshot_id(number: int) -> str:
    return f"20261124T0830{number:02d}.123456Z-{number:08x}"


def data_of(scope: ScopeId, name: str, number: int) -> bytes:
    return f"{scope} {name} {number}".encode()


def manifest_of(scope: ScopeId, number: int, names: Sequence[str] = ("business-0", "personal-0")) -> Manifest:
    objects = []
    for name in names:
        row_class = RowClass(name.partition("-")[0])
        data = data_of(scope, f"{name}.parquet", number)
        digest = hashlib.sha256(data).hexdigest()
        objects.append(SealedObject(f"{name}.parquet", row_class, f"{row_class}-1", len(data), 7, digest))
    return Manifest(
        scope=scope,
        snapshot_id=snapshot_id(number),
        taken_at=NOW,
        lsn="0/16B3748",
        tier=Tier.IMMINENT if number % 2 else None,
        source=SourceIdentity("7311", "wedsync", 170010),
        schema_fingerprint="ab" * 32,
        objects=tuple(objects),
        content={sealed.row_class: "cd" * 32 for sealed in objects},
        tool_version="0.1.0",
        previous=None if number == 1 else snapshot_id(number - 1),
    )


def object_key(manifest: Manifest, name: str) -> str:
    """As docs/format.md says where it lies."""
    return f"snapshots/{manifest.scope}/{manifest.snapshot_id}/{name}"


def put_manifest(archive: Archive, scope: ScopeId, snapshot_id: str, data: bytes) -> None:
    with ThreadPoolExecutor(1) as puts:
        archive.vault.commit({(scope, snapshot_id): data}, puts)


def put_objects(archive: Archive, manifest: Manifest) -> None:
    for sealed in manifest.objects:
        data = data_of(manifest.scope, sealed.name, int(manifest.snapshot_id[-8:], 16))
        archive.vault.store.put(object_key(manifest, sealed.name), data)


def take_batch(archive: Archive, number: int, scopes: Sequence[ScopeId] = WEDDINGS) -> list[Manifest]:
    """One whole batch: started, objects, named, manifests, finished."""
    made = [manifest_of(scope, number) for scope in scopes]
    batch = snapshot_id(number)
    archive.ledger.append("batch-started", {"batch": batch, "requested_by": "a test"}, NOW)
    for manifest in made:
        put_objects(archive, manifest)
    commit(archive, batch, made)
    archive.ledger.append("batch-finished", {"batch": batch, "failed": 0}, NOW)
    return made


def commit(archive: Archive, batch: str, stored: Sequence[Manifest], current: Sequence[Manifest] = ()) -> None:
    with ThreadPoolExecutor(1) as puts:
        archive.commit(batch, stored, current, Instant(NOW, "0/16B3748"), puts)
