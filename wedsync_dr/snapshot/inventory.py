"""Every snapshot in the vault and how its scope stands now: what `schedule.retention` decides about."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from wedsync_dr.model import SCHEMA, ScopeId, Tier
from wedsync_dr.schedule.policy import Policy
from wedsync_dr.schedule.retention import Held, Role
from wedsync_dr.scope.discovery import discover
from wedsync_dr.scope.survey import Source, survey
from wedsync_dr.snapshot.urgency import scope_tier
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.ledger_state import LedgerState
from wedsync_dr.vault.vault import SnapshotRef

_LONGEST_RESTORE = timedelta(hours=24)  # one that began before and has not ended was killed


def held_snapshots(source: Source, archive: Archive, policy: Policy, now: datetime) -> list[Held]:
    """Read from the vault's list, the ledger and the source; no snapshot is opened.

    A source that cannot be read raises: without it nobody knows what has vanished. What the ledger says is removed is
    left out.
    """
    with survey(source) as seen:
        infos = discover(seen.reader, seen.catalog, seen.ownership)
    tiers = {info.scope: scope_tier(info, now, source.default_time_zone, policy) for info in infos}
    tiers[SCHEMA] = None
    return list(_held(archive, tiers, now))


def _held(archive: Archive, tiers: Mapping[ScopeId, Tier | None], now: datetime) -> Iterator[Held]:
    state, today = archive.ledger.known(), now.astimezone(UTC).date()
    reading = {scope for scope, since in state.restoring.items() if _lately(since, now)}
    for ref, names in archive.vault.contents():
        named = state.snapshots.get((ref.scope, ref.snapshot_id))
        if named and named.removed:
            continue
        yield Held(
            ref=ref,
            tier=tiers.get(ref.scope),
            role=_role(state, ref),
            newest=state.newest.get(ref.scope) == ref.snapshot_id,
            personal=any(name.startswith("personal-") for name in names),
            hold=state.holds[ref.scope].reason if state.is_held(ref.scope, today) else None,
            vanished=ref.scope not in tiers,
            reading=bool(reading & {ref.scope, SCHEMA}),
        )


def _lately(since: str, now: datetime) -> bool:
    return now - datetime.fromisoformat(since) < _LONGEST_RESTORE


def _role(state: LedgerState, ref: SnapshotRef) -> Role:
    named = state.snapshots.get((ref.scope, ref.snapshot_id))
    if named is None or not state.expected(named):
        return Role.DOUBTFUL
    return Role.SAFETY if state.is_safety(ref.scope, ref.snapshot_id) else Role.POINT
