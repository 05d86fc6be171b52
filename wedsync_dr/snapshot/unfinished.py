"""What a writer that died has left: found by its lock, which nobody holds any more, and cleared away."""

from datetime import datetime

from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.scope.survey import Source
from wedsync_dr.source.session import lock_scopes
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.ledger_state import LedgerState
from wedsync_dr.vault.vault import Vault, instant_of


def close_unfinished(source: Source, archive: Archive, now: datetime) -> int:
    """After a crash: remove objects that got no manifest, and close the dead writer's batch in the ledger.

    A batch whose writer is alive holds its lock and is left alone, and one that ended while we looked is over. Returns
    how many batches were closed.
    """
    waiting = {lock_of(batch): batch for batch in archive.ledger.known().open_batches}
    if not waiting:
        return 0
    with lock_scopes(source.url, list(waiting), patience_s=0, connecting=source.patience) as dead:
        closed = sorted(archive.ledger.known().open_batches.intersection(waiting[lock] for lock in dead))
        for batch in closed:
            missing = _clear(archive.vault, archive.ledger.known(), batch)
            beside = _clear(archive.vault.supplements, archive.ledger.known(), batch)
            body = {"batch": batch, "missing": missing} | ({"supplements": beside} if beside else {})
            archive.ledger.append("batch-abandoned", body, now)
    return len(closed)


def _clear(vault: Vault, state: LedgerState, batch: str) -> list[dict[str, str]]:
    """Remove what a batch left without manifests; what it named and does not exist."""
    for ref in list(vault.unfinished()):
        if instant_of(ref.snapshot_id) == instant_of(batch):
            vault.discard(ref)
    named = state.named_in(batch, supplement=vault.supplementary)
    return [
        {"kind": scope.kind.value, "id": scope.id, "snapshot_id": snapshot_id}
        for scope, snapshot_id in named
        if _gone(vault, scope, snapshot_id)
    ]


def lock_of(batch: str) -> ScopeId:
    """Held by a batch's writer as long as it lives."""
    return ScopeId(Kind.PLATFORM, f"batch.{batch}")


def _gone(vault: Vault, scope: ScopeId, snapshot_id: str) -> bool:
    return all(ref.snapshot_id != snapshot_id for ref in vault.snapshots(scope=scope))
