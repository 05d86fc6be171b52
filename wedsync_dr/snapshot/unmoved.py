"""Scopes that need not be read: what a batch knows of them without their rows, and what it finds out about that."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from wedsync_dr.errors import DisasterRecoveryError, VaultUnavailable
from wedsync_dr.model import Manifest, ScopeId, Tier
from wedsync_dr.scope.survey import Survey
from wedsync_dr.snapshot.batch import UNCHANGED, BatchFacts, Failed, Taken
from wedsync_dr.snapshot.fingerprints import Fingerprints, fingerprints
from wedsync_dr.snapshot.remembered import Remembered, recall, remember
from wedsync_dr.vault.archive import Archive

_LINES = 5000  # of a ledger entry


@dataclass(frozen=True)
class Proof:
    """Fingerprints of a batch's instant beside those that were remembered. Read before any row of the batch."""

    archive: Archive
    facts: BatchFacts
    now: Fingerprints
    before: Remembered | None
    note: str

    @classmethod
    def read(cls, archive: Archive, seen: Survey, facts: BatchFacts, *, trusting: bool) -> "Proof":
        """Without trust nothing remembered is built upon: all is read anew, and only compared."""
        before, note = recall(archive)
        now = fingerprints(seen, before.prints if before and trusting else None)
        return cls(archive, facts, now, before, note if trusting else "")

    def unmoved(self, scopes: Sequence[ScopeId], workers: Executor) -> list[Manifest]:
        """The newest snapshots of those of the scopes that surely have its rows still, and whose keys are at hand.

        In any doubt a scope is not among them, and what is wrong with it comes out where it is read.
        """
        return [manifest for manifest in workers.map(self._confirmed, scopes, self._standing(scopes)) if manifest]

    def _standing(self, scopes: Sequence[ScopeId]) -> list[str | None]:
        return self.before.standing(self.now, scopes) if self.before else [None] * len(scopes)

    def _confirmed(self, scope: ScopeId, snapshot_id: str | None) -> Manifest | None:
        if snapshot_id is None:
            return None
        try:
            newest = self.archive.newest(scope)
            for sealed in newest.objects if newest else ():
                self.archive.keyring.key(scope, sealed.key_id)
        except VaultUnavailable:
            raise
        except DisasterRecoveryError:
            return None
        return newest if newest and newest.snapshot_id == snapshot_id else None

    def record(
        self, current: Sequence[Manifest], tiers: dict[ScopeId, Tier | None], workers: Executor
    ) -> Iterator[Taken]:
        """Say in the ledger that these snapshots are still current."""
        at = self.facts.instant
        for first in range(0, len(current), _LINES):
            chunk = current[first : first + _LINES]
            self.archive.commit(self.facts.batch_id, [], chunk, at, workers)
            for m in chunk:
                yield Taken(m.scope, m.snapshot_id, at.taken_at, at.lsn, m.bytes, m.rows, UNCHANGED, tiers.get(m.scope))

    def missed(self, results: Iterable[Taken | Failed]) -> tuple[ScopeId, ...]:
        """Scopes whose rows were found to differ although their fingerprints say they do not."""
        stored = {one.scope: one for one in results if isinstance(one, Taken) and one.status == "stored"}
        stood = zip(stored.values(), self._standing(list(stored)), strict=True)
        return tuple(sorted(taken.scope for taken, id_ in stood if id_ and self._differs(taken, id_)))

    def _differs(self, taken: Taken, stood_for: str) -> bool:
        vault, verifier = self.archive.vault, self.archive.verifier
        manifest = vault.manifest(taken.scope, taken.snapshot_id, verifier)
        if manifest.previous != stood_for:
            return False
        return dict(vault.manifest(taken.scope, stood_for, verifier).content) != dict(manifest.content)

    def remember(self, results: Iterable[Taken | Failed]) -> str:
        """Remember what the batch's snapshots stand for; a note where that failed, which fails nothing else."""
        held = {one.scope: one.snapshot_id for one in results if isinstance(one, Taken)}
        try:
            remember(self.archive, self.facts.batch_id, self.facts.instant, self.now, self.before, held)
        except DisasterRecoveryError as error:
            return f"The fingerprints could not be stored: {error}"
        return ""


def moved(archive: Archive, seen: Survey, scopes: Sequence[ScopeId]) -> list[ScopeId]:
    """Those of the scopes that may have other rows than their newest snapshots, as far as fingerprints tell.

    Only reads; the snapshots themselves are not looked at.
    """
    before, _ = recall(archive)
    if before is None:
        return list(scopes)
    standing = before.standing(fingerprints(seen, before.prints), scopes)
    return [scope for scope, snapshot_id in zip(scopes, standing, strict=True) if snapshot_id is None]
