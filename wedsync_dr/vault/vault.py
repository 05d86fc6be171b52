"""The vault: which key an object has, and in which order things are written. Nothing else knows key strings.

A snapshot exists exactly while its manifest does: written last, deleted first. So does a supplement.
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

DRILL = "drill/"
"""Below it a drill keeps its canary while it runs."""
_MANIFEST = "manifest.json"
_PROBE_BYTES = 4096
_FORMAT_KEY = "format.json"
_SNAPSHOTS, _SUPPLEMENTS = "snapshots", "supplements"
_OBJECT = re.compile(r"(business|personal)-\d+\.parquet\Z")
_CHANGES = "changes/"
_SNAPSHOT_ID = re.compile(r"\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8}\Z")


@dataclass(frozen=True, order=True)
class SnapshotRef:
    """Where a snapshot is, or a supplement."""

    scope: ScopeId
    snapshot_id: str
    supplement: bool = False

    @property
    def taken_at(self) -> datetime:
        """The instant, which the id begins with."""
        return datetime.fromisoformat(self.snapshot_id[:23])


def instant_of(snapshot_id: str) -> str:
    """The part of an id that all snapshots and supplements of one batch share."""
    return snapshot_id[:22]


def nth_id(snapshot_id: str, number: int) -> str:
    """An id of the same instant: the one that stands `number` further on, the same for 0."""
    return f"{snapshot_id[:-8]}{(int(snapshot_id[-8:], 16) + number) % 2**32:08x}"


class Vault:
    """Snapshots in an object store; or its `supplements`, which lie beside them and are no snapshots of anything."""

    def __init__(self, store: ObjectStore, *, supplementary: bool = False) -> None:
        self.store, self.supplementary = store, supplementary
        self._section = _SUPPLEMENTS if supplementary else _SNAPSHOTS

    @property
    def supplements(self) -> "Vault":
        """The same store, seen as a vault of supplements."""
        return Vault(self.store, supplementary=True)

    def sealed_name(self, name: str) -> str:
        """The name that an object's key is derived for: a supplement's object does not decrypt as a snapshot's."""
        return f"{_SUPPLEMENTS}/{name}" if self.supplementary else name

    def create(self, now: datetime) -> bool:
        """Mark the store as a vault; False if it is one."""
        content = {"format": "wedsync-dr", "version": manifests.VERSION, "created_at": utc_text(now)}
        try:
            self.store.put(_FORMAT_KEY, to_json(content))
        except ObjectExists:
            self.check()
            return False
        return True

    def is_empty(self) -> bool:
        """Whether nothing was ever done with it."""
        return not any(True for _ in self.store.list("ledger/"))

    def require_writable(self, now: datetime) -> None:
        """Write something and remove it. Raises VaultUnavailable where that cannot be done."""
        probe = f"writable-{now.astimezone(UTC):%Y%m%dT%H%M%S.%f}Z"
        self.store.put(probe, bytes(_PROBE_BYTES))
        self.store.delete(probe)

    def check(self) -> None:
        """Raises NotInitialised where there is no vault, FormatUnsupported for a newer one."""
        try:
            entry = from_json(self.store.get(_FORMAT_KEY), _FORMAT_KEY)
        except ObjectMissing:
            raise NotInitialised(
                "There is no vault at WEDSYNC_VAULT_URL.",
                remedy="Check the URL and that its disk is mounted; where there was never one, run `wedsync-dr init`.",
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
        owners = {self._key(*place): place[0] for place in objects}
        failed = put_all(self.store, {self._key(*place): data for place, data in objects.items()}, puts)
        return {owners[key]: error for key, error in failed.items()}

    def get_object(self, scope: ScopeId, snapshot_id: str, name: str) -> bytes:
        """The bytes of a sealed object, unchecked."""
        return self.store.get(self._key(scope, snapshot_id, name))

    def commit(self, manifests: Mapping[tuple[ScopeId, str], bytes], puts: Executor) -> None:
        """Write signed manifests, by scope and snapshot id: from here on the snapshots exist.

        Raises what stopped one; all others exist.
        """
        objects = {self._key(*place, _MANIFEST): data for place, data in manifests.items()}
        for error in put_all(self.store, objects, puts).values():
            raise error

    def raw_manifest(self, scope: ScopeId, snapshot_id: str) -> bytes:
        """The manifest's bytes, whose digest the ledger names."""
        return self.store.get(self._key(scope, snapshot_id, _MANIFEST))

    def manifest(self, scope: ScopeId, snapshot_id: str, verifier: Verifier) -> Manifest:
        """A manifest whose signature holds. Raises ObjectMissing, Damaged, FormatUnsupported."""
        data = self.raw_manifest(scope, snapshot_id)
        return manifests.from_bytes(data, scope, snapshot_id, verifier, supplement=self.supplementary)

    def holds(self, manifest: Manifest) -> bool:
        """Whether every object of a snapshot is there in its full size; its bytes are not read."""
        return not self.lacking(manifest)

    def lacking(self, manifest: Manifest) -> list[str]:
        """The names of the objects that are not there in their full size; no bytes are read."""
        keys = {
            sealed.name: ObjectInfo(self._key(manifest.scope, manifest.snapshot_id, sealed.name), sealed.bytes)
            for sealed in manifest.objects
        }
        return [name for name, info in keys.items() if self.store.stat(info.key) != info]

    def snapshots(self, kind: Kind | None = None, scope: ScopeId | None = None) -> Iterator[SnapshotRef]:
        """The snapshots that exist, of each scope in the order of time."""
        return (ref for ref, names in self._entries(kind, scope) if _MANIFEST in names)

    def contents(self) -> Iterator[tuple[SnapshotRef, list[str]]]:
        """The snapshots that exist, each with the names of its files."""
        return ((ref, names) for ref, names in self._entries(None, None) if _MANIFEST in names)

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
            self.store.delete(self._key(ref.scope, ref.snapshot_id, name))

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
            ours = info.key == _FORMAT_KEY or info.key.startswith(("ledger/", DRILL))
            if not (ours or _batch(info.key) or _parsed(info.key)):
                yield info.key

    def _entries(self, kind: Kind | None, scope: ScopeId | None) -> Iterator[tuple[SnapshotRef, list[str]]]:
        prefix = f"{self._section}/"
        if scope or kind:
            prefix += f"{scope.kind.value}/{scope.id}/" if scope else f"{kind}/"
        parsed = (entry for info in self.store.list(prefix) if (entry := _parsed(info.key)))
        for ref, group in groupby(parsed, key=lambda entry: entry[0]):
            yield ref, [name for _, name in group]

    def _key(self, scope: ScopeId, snapshot_id: str, name: str) -> str:
        return f"{self._section}/{scope.kind.value}/{scope.id}/{snapshot_id}/{name}"


def _batch(key: str) -> str | None:
    """The batch that remembers something under this key."""
    batch = key.removeprefix(_CHANGES)
    return batch if batch != key and _SNAPSHOT_ID.match(batch) else None


def _parsed(key: str) -> tuple[SnapshotRef, str] | None:
    """The snapshot or supplement and object name of a key; None for a key that is neither's."""
    parts = key.split("/")
    if len(parts) != 5 or parts[0] not in (_SNAPSHOTS, _SUPPLEMENTS) or not _SNAPSHOT_ID.match(parts[3]):
        return None
    if parts[4] != _MANIFEST and not _OBJECT.match(parts[4]):
        return None
    try:
        ref = SnapshotRef(ScopeId(Kind(parts[1]), parts[2]), parts[3], parts[0] == _SUPPLEMENTS)
        _ = ref.taken_at
    except (ValueError, MalformedId):
        return None
    return ref, parts[4]
