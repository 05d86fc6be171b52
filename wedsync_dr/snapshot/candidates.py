"""Every scope of the source as it stands: what `schedule.due` decides about."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from wedsync_dr.errors import ScopeNotFound
from wedsync_dr.model import Kind, ScopeId, Tier
from wedsync_dr.schedule.due import Candidate
from wedsync_dr.schedule.policy import URGENCY, Policy
from wedsync_dr.schedule.risk import vendor_risk
from wedsync_dr.schedule.tiers import days_until, today_in, zone_of
from wedsync_dr.scope.discovery import Days, ScopeInfo, discover
from wedsync_dr.scope.survey import Source, Survey, survey
from wedsync_dr.snapshot.unfinished import close_unfinished
from wedsync_dr.snapshot.unmoved import moved
from wedsync_dr.snapshot.urgency import scope_tier
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.ledger_state import LedgerState


def candidates(
    source: Source,
    archive: Archive,
    policy: Policy,
    now: datetime,
    *,
    changed: Mapping[ScopeId, bool] | None = None,
    changed_since: Mapping[ScopeId, datetime] | None = None,
    running: Mapping[ScopeId, datetime] | None = None,
    look: bool = False,
    critical: bool = False,
) -> list[Candidate]:
    """Every scope of the source at one instant, with what the ledger knows of it and what the caller does.

    With `look` the fingerprints of the scopes of critical tiers are asked whether they changed; with `critical` only
    these scopes are in the answer, and a wedding in a year costs nothing.

    What a batch whose writer died has named counts for nothing, so such a batch is closed first. A read that failed
    raises, and so does a source without any scope: nothing found is never "nothing due".
    """
    close_unfinished(source, archive, now)
    state = archive.ledger.known()
    with survey(source) as seen:
        infos = discover(seen.reader, seen.catalog, seen.ownership, within=_near(policy, now) if critical else None)
        tiers = {info.scope: scope_tier(info, now, source.default_time_zone, policy) for info in infos}
        seen_changed = _changed(archive, seen, tiers, policy) if look else {}
        sizes = {ScopeId.of_table(name): table.estimated_bytes for name, table in seen.catalog.tables.items()}
    if not infos:
        raise ScopeNotFound(
            "The source has no wedding, vendor or table.",
            remedy="See that WEDSYNC_SOURCE_URL names the right database.",
        )
    share = sum(sizes.values()) // max(len(infos), len(state.current))
    known = _Known(state, tiers, {**seen_changed, **(changed or {})}, changed_since or {}, running or {})
    chosen = infos if not critical else [info for info in infos if policy.of(tiers[info.scope]).critical]
    return [known.candidate(info, source, policy, now, sizes.get(info.scope, share)) for info in chosen]


def _near(policy: Policy, now: datetime) -> Days | None:
    """The days of weddings of critical tiers, wherever on earth they are."""
    if (reach := policy.reach()) is None:
        return None
    ago, ahead = (timedelta(days=days + 1) for days in reach)
    return Days((now - ago).date(), (now + ahead).date())


def _changed(
    archive: Archive, seen: Survey, tiers: Mapping[ScopeId, Tier | None], policy: Policy
) -> dict[ScopeId, bool]:
    """Of the scopes that cannot wait, whether their rows may be others than those of their newest snapshots."""
    pressing = [scope for scope, tier in tiers.items() if tier and policy.of(tier).critical]
    apart = set(moved(archive, seen, pressing))
    return {scope: scope in apart for scope in pressing}


class _Known:
    """What ledger and caller know of scopes."""

    def __init__(
        self,
        state: LedgerState,
        tiers: Mapping[ScopeId, Tier | None],
        changed: Mapping[ScopeId, bool],
        since: Mapping[ScopeId, datetime],
        running: Mapping[ScopeId, datetime],
    ) -> None:
        self._state, self._tiers, self._changed = state, tiers, changed
        self._since, self._running = since, running

    def candidate(self, info: ScopeInfo, source: Source, policy: Policy, now: datetime, size: int) -> Candidate:
        scope, current = info.scope, self._state.current.get(info.scope)
        until = datetime.fromisoformat(current) if current else None
        when = _most_urgent(info, source, policy, now)
        return Candidate(
            scope=scope,
            tier=self._tiers[scope],
            date=when.date,
            zone=zone_of(when.time_zone, source.default_time_zone),
            current_until=until,
            changed=True if scope in self._state.rewritten else self._changed.get(scope),
            changed_since=self._since.get(scope),
            running_since=self._running.get(scope),
            estimated_bytes=size,
            risk=_risk(info, now, until) if scope.kind is Kind.VENDOR else 0.0,
            end_date=when.end_date,
            booked=tuple(one.scope for one in info.booked),
        )


def _most_urgent(info: ScopeInfo, source: Source, policy: Policy, now: datetime) -> ScopeInfo:
    """The scope itself, or the wedding that gives a vendor its tier; of several in that tier the nearest."""

    def urgency(one: ScopeInfo) -> tuple[int, int]:
        tier = scope_tier(one, now, source.default_time_zone, policy)
        today = today_in(zone_of(one.time_zone, source.default_time_zone), now)
        return URGENCY.index(tier or Tier.NORMAL), abs(days_until(one.date, one.end_date, today)) if one.date else 0

    return min(info.booked, key=urgency, default=info)


def _risk(info: ScopeInfo, now: datetime, until: datetime | None) -> float:
    ahead = sum(1 for one in info.booked if one.date and max(one.date, one.end_date or one.date) >= now.date())
    return vendor_risk(ahead, days_since_backup=(now - until) / timedelta(days=1) if until else None)
