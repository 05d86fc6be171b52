"""Supplements: what a batch sealed of other owners' rows, so that its snapshots are complete at their own instant."""

from collections.abc import Iterator
from functools import cached_property

from wedsync_dr.model import FindingCode, ScopeId
from wedsync_dr.snapshot.opening import OpenSnapshot
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.ledger import LedgerState
from wedsync_dr.vault.vault import SnapshotRef, instant_of
from wedsync_dr.verification.verify import check_manifest, examine


class Beside:
    """Opens the supplements that lie beside snapshots, each once. `refused` are those that are damaged, and why."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive.supplements
        self._opened: dict[SnapshotRef, OpenSnapshot | None] = {}
        self.refused: list[tuple[ScopeId, str, str]] = []

    def of(self, owner: ScopeId, snapshot_id: str) -> Iterator[OpenSnapshot]:
        """The owner's intact supplements of the batch that took a snapshot."""
        for found in self._named.get((owner, instant_of(snapshot_id)), []):
            ref = SnapshotRef(owner, found, supplement=True)
            if ref not in self._opened:
                self._opened[ref] = self._open(ref)
            if supplement := self._opened[ref]:
                yield supplement

    @cached_property
    def _state(self) -> LedgerState:
        return self._archive.ledger.known()

    @cached_property
    def _named(self) -> dict[tuple[ScopeId, str], list[str]]:
        """The ids of those that must be there: one that is gone is damage."""
        named: dict[tuple[ScopeId, str], list[str]] = {}
        for (owner, snapshot_id), one in self._state.supplements.items():
            if not (one.removed or one.abandoned):
                named.setdefault((owner, instant_of(snapshot_id)), []).append(snapshot_id)
        return named

    def _open(self, ref: SnapshotRef) -> OpenSnapshot | None:
        manifest, findings = check_manifest(self._archive, ref, self._state)
        found, supplement = examine(self._archive, manifest) if manifest else ([], None)
        codes = [one.code for one in (*findings, *found) if one.code is not FindingCode.ORPHAN_OBJECT]
        if not codes:
            return supplement
        self.refused.append((ref.scope, ref.snapshot_id, codes[0].value))
        return None
