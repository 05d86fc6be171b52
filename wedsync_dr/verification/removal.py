"""Carrying out a retention plan: the ledger first, then the vault, and never the last snapshot that can be read."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice

from wedsync_dr.model import FindingCode, Progress, ScopeId, silent
from wedsync_dr.schedule.retention import Removal, RetentionPlan, Role
from wedsync_dr.scope.survey import Source
from wedsync_dr.source.session import lock_scopes
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.ledger_state import LedgerState
from wedsync_dr.vault.vault import SnapshotRef
from wedsync_dr.verification.removal_beside import finish_beside, remove_beside
from wedsync_dr.verification.verify import check_manifest, check_snapshot

AT_ONCE = 100  # scopes that are locked together, and named in one entry


@dataclass(frozen=True)
class Skipped:
    """A scope that lost nothing although the plan had removals for it. `busy`: the next run will do."""

    scope: ScopeId
    why: str
    busy: bool


@dataclass(frozen=True)
class Retained:
    """What a run removed, left alone, and finished that an earlier one had begun."""

    removed: tuple[Removal, ...]
    skipped: tuple[Skipped, ...]
    finished: tuple[SnapshotRef, ...]


def apply_retention(
    source: Source, archive: Archive, plan: RetentionPlan, *, now: datetime, by: str, progress: Progress = silent
) -> Retained:
    """Remove what the plan says may go, and what an earlier run named and did not get to.

    Each scope is locked against snapshots and restores meanwhile; one that is in use is left for the next run. Before
    anything of a scope goes, its newest recovery point of the plan is read byte by byte; where that does not hold,
    nothing goes. Supplements go with the last snapshot of their batch. What was held since the plan was made stays.
    Killed at any moment, the next run goes on.
    """
    finished = finish_removals(source, archive)
    newest = _newest_points(plan)
    scopes: defaultdict[ScopeId, list[Removal]] = defaultdict(list)
    for removal in plan.removals:
        scopes[removal.ref.scope].append(removal)
    removed: list[Removal] = []
    skipped: list[Skipped] = []
    for done, some in enumerate(_portions(sorted(scopes), AT_ONCE)):
        progress("removing", done * AT_ONCE, len(scopes))
        with lock_scopes(source.url, some, patience_s=0, connecting=source.patience) as locked:
            skipped += [_busy(scope) for scope in some if scope not in locked]
            unfit = [one for scope in locked if (one := _unfit(archive, scope, newest.get(scope)))]
            skipped += unfit
            fit = sorted(locked - {one.scope for one in unfit})
            removed += _remove(archive, [removal for scope in fit for removal in scopes[scope]], now, by)
    remove_beside(archive, now=now, by=by)
    progress("removing", len(scopes), len(scopes))
    return Retained(tuple(removed), tuple(sorted(skipped, key=lambda one: one.scope)), tuple(finished))


def finish_removals(source: Source, archive: Archive) -> list[SnapshotRef]:
    """Discard what the ledger says is removed and the vault still has; returns what was there."""
    state = archive.ledger.known()
    left = [
        ref
        for found in (archive.vault.snapshots(), archive.vault.unfinished())
        for ref in found
        if (named := state.snapshots.get((ref.scope, ref.snapshot_id))) and named.removed
    ]
    finished = finish_beside(archive)
    for some in _portions(sorted({ref.scope for ref in left}), AT_ONCE):
        with lock_scopes(source.url, some, patience_s=0, connecting=source.patience) as locked:
            for ref in left:
                if ref.scope in locked:
                    archive.vault.discard(ref)
                    finished.append(ref)
    return finished


def _remove(archive: Archive, removals: Sequence[Removal], now: datetime, by: str) -> list[Removal]:
    """Named in one entry of the ledger, then discarded; what has become void or is gone already is left out."""
    today = now.astimezone(UTC).date()
    wanted = [removal for removal in removals if _may_go(archive.ledger.known(), removal.ref, today)]
    if not wanted:
        return []
    body = {"snapshots": [_line(removal) for removal in wanted], "on": today.isoformat(), "by": by}
    archive.ledger.append("removed", body, now)
    state = archive.ledger.known()  # a hold that came between is before the entry: some of it may be void
    named = [removal for removal in wanted if state.snapshots[removal.ref.scope, removal.ref.snapshot_id].removed]
    for removal in named:
        archive.vault.discard(removal.ref)
    return named


def _may_go(state: LedgerState, ref: SnapshotRef, today: date) -> bool:
    """Whether a snapshot is still what the plan took it for."""
    named = state.snapshots.get((ref.scope, ref.snapshot_id))
    if named is None or not state.expected(named) or state.is_held(ref.scope, today):
        return False
    return state.newest.get(ref.scope) != ref.snapshot_id


def _unfit(archive: Archive, scope: ScopeId, newest: SnapshotRef | None) -> Skipped | None:
    """Why nothing of a scope may go, whatever the plan says."""
    if newest is None:
        return Skipped(scope, "the plan keeps no recovery point of it", busy=False)
    manifest, findings = check_manifest(archive, newest, archive.ledger.known())
    findings += check_snapshot(archive, manifest) if manifest else []
    wrong = sorted({found.code.value for found in findings if found.code is not FindingCode.OPEN_LINK})
    if wrong or manifest is None:
        why = f"its newest recovery point does not verify ({', '.join(wrong)}); `wedsync-dr verify` names the damage"
        return Skipped(scope, why, busy=False)
    return None


def _newest_points(plan: RetentionPlan) -> dict[ScopeId, SnapshotRef]:
    return {
        kept.ref.scope: kept.ref for kept in sorted(plan.kept, key=lambda kept: kept.ref) if kept.role is Role.POINT
    }


def _busy(scope: ScopeId) -> Skipped:
    return Skipped(scope, "it is being snapshotted or restored by another run", busy=True)


def _line(removal: Removal) -> dict[str, str]:
    scope = removal.ref.scope
    place = {"kind": scope.kind.value, "id": scope.id, "snapshot_id": removal.ref.snapshot_id}
    return place | {"reason": removal.reason}


def _portions(scopes: Iterable[ScopeId], size: int) -> Iterator[list[ScopeId]]:
    rest = iter(scopes)
    while some := list(islice(rest, size)):
        yield some
