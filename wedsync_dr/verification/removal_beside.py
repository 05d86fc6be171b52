"""Supplements go with the last snapshot of their batch: nothing else ever asks for them."""

from datetime import UTC, datetime

from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.ledger_state import LedgerState
from wedsync_dr.vault.vault import SnapshotRef, instant_of


def remove_beside(archive: Archive, *, now: datetime, by: str) -> list[SnapshotRef]:
    """Remove the supplements whose batch has no snapshot any more; the ledger first. Returns what went."""
    today = now.astimezone(UTC).date()
    state = archive.ledger.known()
    idle = [ref for ref in _idle(state) if not state.is_held(ref.scope, today)]
    if not idle:
        return []
    lines = [{"kind": ref.scope.kind.value, "id": ref.scope.id, "snapshot_id": ref.snapshot_id} for ref in idle]
    body = {"snapshots": [], "supplements": lines, "on": today.isoformat(), "by": by}
    archive.ledger.append("removed", body, now)
    return finish_beside(archive)


def finish_beside(archive: Archive) -> list[SnapshotRef]:
    """Discard the supplements that the ledger says are removed and the vault still has; returns what was there."""
    beside, named = archive.vault.supplements, archive.ledger.known().supplements
    left = [
        ref
        for found in (beside.snapshots(), beside.unfinished())
        for ref in found
        if (one := named.get((ref.scope, ref.snapshot_id))) and one.removed
    ]
    for ref in left:
        beside.discard(ref)
    return left


def _idle(state: LedgerState) -> list[SnapshotRef]:
    needed = {instant_of(id_) for (_, id_), one in state.snapshots.items() if not (one.removed or one.abandoned)}
    return [
        SnapshotRef(scope, id_, supplement=True)
        for (scope, id_), one in sorted(state.supplements.items())
        if state.expected(one) and instant_of(id_) not in needed
    ]
