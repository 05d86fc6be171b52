"""Supplements: what a batch sealed of other owners' rows, so that its snapshots are complete at their own instant."""

from collections.abc import Iterable
from functools import cached_property

from wedsync_dr.model import ScopeId
from wedsync_dr.vault.ledger_state import LedgerState
from wedsync_dr.vault.vault import SnapshotRef, instant_of


class Beside:
    """Which supplements must lie beside snapshots, by the ledger: one that it names and that is gone is damage."""

    def __init__(self, state: LedgerState) -> None:
        self._state = state

    def of(self, owner: ScopeId, snapshot_ids: Iterable[str]) -> list[SnapshotRef]:
        """The owner's supplements of the batches that took some snapshots, in the order of these."""
        instants = dict.fromkeys(map(instant_of, snapshot_ids))
        return [ref for instant in instants for ref in self._named.get((owner, instant), ())]

    @cached_property
    def _named(self) -> dict[tuple[ScopeId, str], list[SnapshotRef]]:
        named: dict[tuple[ScopeId, str], list[SnapshotRef]] = {}
        for (owner, snapshot_id), one in self._state.supplements.items():
            if not (one.removed or one.abandoned):
                ref = SnapshotRef(owner, snapshot_id, supplement=True)
                named.setdefault((owner, instant_of(snapshot_id)), []).append(ref)
        return named
