"""How urgent a scope of the source is."""

from datetime import datetime

from wedsync_dr.model import Kind, ScopeId, Tier
from wedsync_dr.schedule.policy import DEFAULT, URGENCY, Policy
from wedsync_dr.schedule.tiers import most_urgent, tier_of, zone_of
from wedsync_dr.scope.discovery import ScopeInfo


def scope_tier(info: ScopeInfo, now: datetime, default_zone: str, policy: Policy = DEFAULT) -> Tier | None:
    """The tier of a scope now; a platform table has none, a vendor has that of its most urgent wedding."""
    if info.scope.kind is Kind.PLATFORM:
        return None
    weddings = [info] if info.scope.kind is Kind.WEDDING else info.booked
    zones = ((one, zone_of(one.time_zone, default_zone)) for one in weddings)
    return most_urgent(tier_of(one.date, now, zone, until=one.end_date, policy=policy) for one, zone in zones)


def is_due(info: ScopeInfo, within_days: int | None, now: datetime, default_zone: str) -> bool:
    """Whether a wedding is, or one that a vendor is booked for, from yesterday to some days ahead, or has no date."""
    if within_days is None or info.scope.kind is Kind.PLATFORM:
        return within_days is None
    today = now.astimezone(zone_of(info.time_zone, default_zone)).date()
    dates = [info.date] if info.scope.kind is Kind.WEDDING else [one.date for one in info.booked]
    return any(day is None or -1 <= (day - today).days <= within_days for day in dates)


def urgency_of(scope: ScopeId, tier: Tier | None) -> tuple[int, ScopeId]:
    """To sort by: the most urgent first, platform tables last."""
    return URGENCY.index(tier) if tier else len(URGENCY), scope
