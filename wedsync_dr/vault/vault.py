"""The vault: which key an object has, and in which order things are written. Nothing else knows key strings.

A snapshot exists exactly while its manifest does: written last, deleted first.
"""

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from wedsync_dr.encryption.framing import from_json, to_json
from wedsync_dr.encryption.signing import Verifier
from wedsync_dr.errors import (
    DisasterRecoveryError,
    FormatUnsupported,
    MalformedId,
    NotInitialised,
    ObjectExists,
    ObjectMissing,
)
from wedsync_dr.model import Kind, Manifest, ScopeId, utc_text
from wedsync_dr.vault import manifests
from wedsync_dr.vault.store import ObjectInfo, ObjectStore, put_all

_MANIFEST = "manifest.json"
_FORMAT_KEY = "format.json"
_OBJECT = re.compile(r"(business|personal)-\d+\.parquet\Z")
_CHANGES = "changes/"
_SNAPSHOT_ID = re.compile(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}\Z")


@dataclass(frozen=True, order=True)
class SnapshotRef:
    """Where a snapshot is."""

    scope: ScopeId
    snapshot_id: str

    @property
    def taken_at(self) -> datetime:
        """The instant, which the id begins with."""
        return datetime.fromisoformat(self.snapshot_id[:22]).replace(tzinfo=UTC)


class Vault:
    """Snapshots in an object store."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store

    def create(self, now: datetime) -> bool:
        """Mark the store as a vault; False if it is one."""
        content = {"format": "wedsync-dr", "version": manifests.VERSION, "created_at": utc_text(now)}
        try:
            self.store.put(_FORMAT_KEY, to_json(content))
        except ObjectExists:
            self.check()
            return False
        return True

    def check(self) -> None:
        """Raises NotInitialised where there is no vault, FormatUnsupported for a newer one."""
        try:
            entry = from_json(self.store.get(_FORMAT_KEY), _FORMAT_KEY)
        except ObjectMissing:
            raise NotInitialised(
                "There is no vault at WEDSYNC_VAULT_URL.",
                remedy="Run `wedsync-dr init`; if there should be one, check the URL and that its disk is mounted.",
            ) from None
        if entry.get("format") != "wedsync-dr" or entry.get("version") != manifests.VERSION:
            raise FormatUnsupported(
                f"The vault has format {entry.get('format')} {entry.get('version')}; this wedsync_dr knows"
                f" {manifests.VERSION}.",
                remedy="Use the wedsync_dr that wrote it, or a newer one.",
            )

    def put_objects(
        self, objects: Mapping[tuple[ScopeId, str, str], bytes], puts: Executor
    ) -> dict[ScopeId, DisasterRecoveryError]:
        """Store sealed objects, by scope, snapshot id and name, of snapshots that do not exist yet.

        Returns the scopes that lack one now, and why.
        """
        owners = {_key(*place): place[0] for place in objects}
        failed = put_all(self.store, {_key(*place): data for place, data in objects.items()}, puts)
        return {owners[key]: error for key, error in failed.items()}

    def get_object(self, scope: ScopeId, snapshot_id: str, name: str) -> bytes:
        """The bytes of a sealed object, unchecked."""
        return self.store.get(_key(scope, snapshot_id, name))

    def commit(self, manifests: Mapping[tuple[ScopeId, str], bytes], puts: Executor) -> None:
        """Write signed manifests, by scope and snapshot id: from here on the snapshots exist.

        Raises what stopped one; all others exist.
        """
        objects = {_key(*place, _MANIFEST): data for place, data in manifests.items()}
        for error in put_all(self.store, objects, puts).values():
            raise error

    def raw_manifest(self, scope: ScopeId, snapshot_id: str) -> bytes:
        """The manifest's bytes, whose digest the ledger names."""
        return self.store.get(_key(scope, snapshot_id, _MANIFEST))

    def manifest(self, scope: ScopeId, snapshot_id: str, verifier: Verifier) -> Manifest:
        """A manifest whose signature holds. Raises ObjectMissing, Damaged, FormatUnsupported."""
        return manifests.from_bytes(self.raw_manifest(scope, snapshot_id), scope, snapshot_id, verifier)

    def holds(self, manifest: Manifest) -> bool:
        """Whether every object of a snapshot is there in its full size; its bytes are not read."""
        keys = [(_key(manifest.scope, manifest.snapshot_id, sealed.name), sealed.bytes) for sealed in manifest.objects]
        return all(self.store.stat(key) == ObjectInfo(key, size) for key, size in keys)

    def snapshots(self, kind: Kind | None = None, scope: ScopeId | None = None) -> Iterator[SnapshotRef]:
        """The snapshots that exist, of each scope in the order of time."""
        return (ref for ref, names in self._entries(kind, scope) if _MANIFEST in names)

    def newest(self, scope: ScopeId) -> SnapshotRef | None:
        """The newest snapshot of a scope."""
        return max(self.snapshots(scope=scope), default=None)

    def unfinished(self) -> Iterator[SnapshotRef]:
        """Objects without a manifest: a writer is still at work, or died."""
        return (ref for ref, names in self._entries(None, None) if _MANIFEST not in names)

    def objects_of(self, ref: SnapshotRef) -> list[str]:
        """The names of the sealed objects that are there."""
        found = [names for entry, names in self._entries(None, ref.scope) if entry == ref]
        return [name for names in found for name in names if name != _MANIFEST]

    def discard(self, ref: SnapshotRef) -> None:
        """Remove a snapshot, or what there is of it: the manifest first. Foreign files stay."""
        names = [name for entry, names in self._entries(None, ref.scope) if entry == ref for name in names]
        for name in sorted(names, key=lambda name: name != _MANIFEST):
            self.store.delete(_key(ref.scope, ref.snapshot_id, name))

    def put_changes(self, batch: str, data: bytes) -> None:
        """Store what a batch remembers for the next one; what older batches remembered goes."""
        self.store.put(_CHANGES + batch, data)
        for info in list(self.store.list(_CHANGES)):
            if (older := _batch(info.key)) and older < batch:
                self.store.delete(info.key)

    def newest_changes(self) -> str | None:
        """The newest batch that remembers something."""
        return max((batch for info in self.store.list(_CHANGES) if (batch := _batch(info.key))), default=None)

    def get_changes(self, batch: str) -> bytes:
        """What a batch remembers, unchecked."""
        return self.store.get(_CHANGES + batch)

    def foreign(self) -> Iterator[str]:
        """Keys that wedsync_dr did not write; they are never touched. `Ledger.check` names those in the ledger."""
        for info in self.store.list(""):
            if not (info.key == _FORMAT_KEY or info.key.startswith("ledger/") or _batch(info.key) or _parsed(info.key)):
                yield info.key

    def _entries(self, kind: Kind | None, scope: ScopeId | None) -> Iterator[tuple[SnapshotRef, list[str]]]:
        prefix = "snapshots/"
        if scope or kind:
            prefix += f"{scope.kind.value}/{scope.id}/" if scope else f"{kind}/"
        parsed = (entry for info in self.store.list(prefix) if (entry := _parsed(info.key)))
        for ref, group in groupby(parsed, key=lambda entry: entry[0]):
            yield ref, [name for _, name in group]


def _key(scope: ScopeId, snapshot_id: str, name: str) -> str:
    return f"snapshots/{scope.kind.value}/{scope.id}/{snapshot_id}/{name}"


def _batch(key: str) -> str | None:
    """The batch that remembers something under this key."""
    batch = key.removeprefix(_CHANGES)
    return batch if batch != key and _SNAPSHOT_ID.match(batch) else None


def _parsed(key: str) -> tuple[SnapshotRef, str] | None:
    """The snapshot and object name of a key; None for a key that is not a snapshot's."""
    parts = key.split("/")
    if len(parts) != 5 or parts[0] != "snapshots" or not _SNAPSHOT_ID.match(parts[3]):
        return None
    if parts[4] != _MANIFEST and not _OBJECT.match(parts[4]):
        return None
    try:
        ref = SnapshotRef(ScopeId(Kind(parts[1]), parts[2]), parts[3])
        _ = ref.taken_at
    except (ValueError, MalformedId):
        return None
    return ref, parts[4]
