"""One snapshot verified as deep as somebody asks: each depth says which checks it makes, and makes them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from wedsync_dr.errors import DisasterRecoveryError, ObjectMissing
from wedsync_dr.model import Finding, FindingCode, Manifest, SealedObject
from wedsync_dr.snapshot.opening import open_object, sha256_of
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.vault import SnapshotRef
from wedsync_dr.verification.verify import check_manifest, examine, object_finding


class Check(StrEnum):
    """Something that is looked at."""

    PRESENCE = "presence"
    """Manifest and objects are there, in their size."""
    SIGNATURE = "signature"
    """The manifest is signed and in its place."""
    LEDGER = "ledger"
    """The ledger names exactly this manifest."""
    DIGESTS = "digests"
    """Every byte of every object has the SHA-256 of the manifest. Needs no key."""
    KEYS = "keys"
    """The keyring opens the scope's keys."""
    AUTHENTICATION = "authentication"
    """Every object decrypts and authenticates under its key, place and name."""
    CONTENT = "content"
    """The rows have the content hash that was sealed."""
    LINKS = "links"
    """What rows refer to inside the snapshot is there."""


class Depth(StrEnum):
    """How deep."""

    QUICK = "QUICK"
    INTEGRITY_ONLY = "INTEGRITY_ONLY"
    ENCRYPTION_ONLY = "ENCRYPTION_ONLY"
    FULL = "FULL"


_NAMED = (Check.PRESENCE, Check.SIGNATURE, Check.LEDGER)
CHECKS: Mapping[Depth, tuple[Check, ...]] = {
    Depth.QUICK: _NAMED,
    Depth.INTEGRITY_ONLY: (*_NAMED, Check.DIGESTS),
    Depth.ENCRYPTION_ONLY: (*_NAMED, Check.DIGESTS, Check.KEYS, Check.AUTHENTICATION),
    Depth.FULL: tuple(Check),
}
"""What each depth looks at. A sealed object is not opened before its digest is right, so that is among the checks."""


@dataclass(frozen=True)
class Verified:
    """What was found, and how many bytes of objects were read."""

    findings: tuple[Finding, ...]
    bytes: int

    @property
    def intact(self) -> bool:
        return not self.findings


def verify_snapshot(archive: Archive, ref: SnapshotRef, depth: Depth) -> Verified:
    """Look at one snapshot, with the keys as they are now. It reports; what is wrong with it raises nothing."""
    archive = replace(archive, keyring=archive.keyring.afresh())
    try:
        archive.vault.raw_manifest(ref.scope, ref.snapshot_id)
    except ObjectMissing:
        detail = "The manifest of this snapshot is gone."
        return Verified((Finding(FindingCode.MISSING, detail, ref.scope, ref.snapshot_id, "manifest.json"),), 0)
    manifest, findings = check_manifest(archive, ref, archive.ledger.known())
    if manifest is None:
        return Verified(tuple(findings), 0)
    found = _OBJECTS[depth](archive, manifest)
    read = 0 if depth is Depth.QUICK else manifest.bytes
    return Verified((*findings, *found), read)


def _presence(archive: Archive, manifest: Manifest) -> list[Finding]:
    return [
        Finding(FindingCode.MISSING, "The object is not there in its size.", manifest.scope, manifest.snapshot_id, name)
        for name in archive.vault.lacking(manifest)
    ]


def _digests(archive: Archive, manifest: Manifest) -> list[Finding]:
    return [found for sealed in manifest.objects if (found := _digest(archive, manifest, sealed))]


def _digest(archive: Archive, manifest: Manifest, sealed: SealedObject) -> Finding | None:
    place = manifest.scope, manifest.snapshot_id
    try:
        right = sha256_of(archive, *place, sealed.name) == sealed.sha256
    except ObjectMissing as error:
        return Finding(FindingCode.MISSING, str(error), *place, sealed.name)
    return None if right else Finding(FindingCode.ALTERED, "Not the bytes that were sealed.", *place, sealed.name)


def _authentication(archive: Archive, manifest: Manifest) -> list[Finding]:
    findings = []
    for sealed in manifest.objects:
        try:
            open_object(archive, manifest, sealed)
        except DisasterRecoveryError as error:
            findings.append(object_finding(archive, manifest, sealed, error))
    return findings


def _everything(archive: Archive, manifest: Manifest) -> list[Finding]:
    return examine(archive, manifest)[0]


_OBJECTS: Mapping[Depth, Callable[[Archive, Manifest], list[Finding]]] = {
    Depth.QUICK: _presence,
    Depth.INTEGRITY_ONLY: _digests,
    Depth.ENCRYPTION_ONLY: _authentication,
    Depth.FULL: _everything,
}
