"""Which snapshot a restore starts from: the newest intact one at or before the asked instant."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from wedsync_dr.errors import Damaged, DisasterRecoveryError, KeyMissing, ObjectMissing, ScopeNotFound, SnapshotNotFound
from wedsync_dr.model import Finding, FindingCode, Manifest, ScopeId, SnapshotInstant, utc_text
from wedsync_dr.snapshot.opening import OpenSnapshot, open_snapshot
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.ledger_state import LedgerState
from wedsync_dr.vault.vault import SnapshotRef
from wedsync_dr.verification.verify import check_manifest, examine

_HARMLESS = {FindingCode.OPEN_LINK, FindingCode.ORPHAN_OBJECT}


@dataclass(frozen=True)
class RecoveryPoint:
    """A snapshot whose verification has passed, and the newer ones that were refused on the way to it.

    What was read to verify it is kept, so that it need not be read again.
    """

    manifest: Manifest
    refused: tuple[tuple[str, tuple[Finding, ...]], ...] = ()
    read: OpenSnapshot | None = field(default=None, repr=False, compare=False)

    def snapshot(self, archive: Archive) -> OpenSnapshot:
        """Its rows, authenticated. Raises what opening a snapshot raises."""
        return self.read or open_snapshot(archive, self.manifest)


def resolve(
    archive: Archive, scope: ScopeId, as_of: datetime | None = None, *, snapshot_id: str | None = None
) -> RecoveryPoint:
    """The newest recovery point of a scope at or before `as_of`, or the one that is named; each candidate is read and
    verified in full.

    Raises ScopeNotFound, SnapshotNotFound (which says when the first one is), Damaged (where none is intact) and
    KeyMissing (where nothing is wrong but that).
    """
    refused: list[tuple[str, tuple[Finding, ...]]] = []
    for manifest, findings, read in candidates(archive, scope, as_of, snapshot_id):
        if manifest and not findings:
            return RecoveryPoint(manifest, tuple(refused), read)
        refused.append((findings[0].snapshot_id or "", findings))
    if {finding.code for _, findings in refused for finding in findings} == {FindingCode.KEY_MISSING}:
        raise KeyMissing(
            f"The snapshots of {scope} are there, and the keyring has no key that opens them.",
            remedy="Bring its key files back from a copy of the keyring. If they were erased, that is final.",
        )
    raise Damaged(
        f"None of the {len(refused)} snapshots of {scope} is intact.",
        remedy="`wedsync-dr verify` names the damage; bring the objects back from a copy of the vault.",
    )


def candidates(
    archive: Archive, scope: ScopeId, as_of: datetime | None, snapshot_id: str | None = None
) -> Iterator[tuple[Manifest | None, tuple[Finding, ...], OpenSnapshot | None]]:
    """Every snapshot at or before the instant, newest first, each with what is wrong with it, and as it was read."""
    state = archive.ledger.known()
    refs = _refs(archive, scope, as_of, snapshot_id)
    for lost in _lost(archive, refs[0], as_of) if snapshot_id is None else ():
        gone = "The ledger names this snapshot; its manifest is gone."
        yield None, (Finding(FindingCode.MISSING, gone, scope, lost.snapshot_id),), None
    for ref in refs:
        yield examined(archive, ref, state)


def _lost(archive: Archive, newest: SnapshotRef, as_of: datetime | None) -> list[SnapshotRef]:
    """The recovery points, newer than the newest that is there, that the ledger names and the vault has lost."""
    state, scope = archive.ledger.known(), newest.scope
    there = {ref.snapshot_id for ref in archive.vault.snapshots(scope=scope)}
    named = [SnapshotRef(scope, id_) for id_ in state.expected_of(scope) if id_ not in there]
    asked = [ref for ref in named if ref.taken_at > newest.taken_at and (as_of is None or ref.taken_at <= as_of)]
    return sorted((ref for ref in asked if not state.is_safety(scope, ref.snapshot_id)), reverse=True)


def examined(
    archive: Archive, ref: SnapshotRef, state: LedgerState
) -> tuple[Manifest | None, tuple[Finding, ...], OpenSnapshot | None]:
    """A snapshot read and verified in full: what is wrong with it, and, where nothing is, its rows."""
    manifest, findings = check_manifest(archive, ref, state)
    found, read = examine(archive, manifest) if manifest else ([], None)
    return manifest, tuple(f for f in (*findings, *found) if f.code not in _HARMLESS), read


def none_of(archive: Archive, scope: ScopeId) -> DisasterRecoveryError:
    """Why the vault has no snapshot of a scope: those that the ledger names are gone, or there never was one."""
    if lost := archive.ledger.known().expected_of(scope):
        return ObjectMissing(
            f"The ledger names {len(lost)} snapshot(s) of {scope}, and the vault has none of them.",
            remedy="Bring them back from a copy of the vault; `wedsync-dr verify` lists all that is missing.",
        )
    return ScopeNotFound(
        f"The vault has no snapshot of {scope}.", remedy="`wedsync-dr snapshots` lists what there is; check the id."
    )


def _refs(archive: Archive, scope: ScopeId, as_of: datetime | None, snapshot_id: str | None) -> list[SnapshotRef]:
    refs = list(archive.vault.snapshots(scope=scope))
    if not refs:
        raise none_of(archive, scope)
    if snapshot_id is not None:
        if named := [ref for ref in refs if ref.snapshot_id == snapshot_id]:
            return named
        if snapshot_id in archive.ledger.known().expected_of(scope):
            raise ObjectMissing(
                f"The ledger names {snapshot_id} of {scope}, and the vault has lost it.",
                remedy="Bring its directory back from a copy of the vault.",
            )
        raise SnapshotNotFound(
            f"{scope} has no snapshot of that id.",
            remedy=f"`wedsync-dr snapshots --{scope.kind.value} {scope.id}` lists them.",
        )
    if isinstance(as_of, SnapshotInstant) and all(ref.snapshot_id != as_of.snapshot_id for ref in refs):
        raise SnapshotNotFound(
            f"{scope} has no snapshot {as_of.snapshot_id}.", remedy="`wedsync-dr snapshots` lists their ids."
        )
    chosen = archive.recovery_refs(scope, as_of)
    if not chosen:
        raise SnapshotNotFound(
            f"The first snapshot of {scope} is of {utc_text(refs[0].taken_at)}, after the asked instant.",
            remedy=f"Ask for {utc_text(refs[0].taken_at)} or later.",
        )
    return chosen
