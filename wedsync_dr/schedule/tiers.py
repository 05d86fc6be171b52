"""How urgent a wedding is, from its days. Pure; the instant comes in as an argument, the numbers from the policy."""

from collections.abc import Iterable
from datetime import date, datetime, tzinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wedsync_dr.model import Tier
from wedsync_dr.schedule.policy import DEFAULT, URGENCY, Policy

__all__ = ["OBJECTIVES", "URGENCY", "days_until", "most_urgent", "tier_of", "today_in", "zone_of"]

OBJECTIVES = DEFAULT.tiers
"""The default policy's numbers, for those who are not given another."""


def tier_of(
    wedding: date | None, now: datetime, zone: ZoneInfo, *, until: date | None = None, policy: Policy = DEFAULT
) -> Tier:
    """The tier of a wedding that begins on `wedding`, in its own time zone. A wedding without a date is critical.

    One that lasts `until` a later day is as near on each of its days; an end before the beginning counts for nothing.
    """
    if wedding is None:
        return Tier.CRITICAL
    return policy.tier_in(days_until(wedding, until, today_in(zone, now)))


@lru_cache(maxsize=1024)
def today_in(zone: tzinfo, now: datetime) -> date:
    """Which day it is somewhere."""
    return now.astimezone(zone).date()


def days_until(first: date, last: date | None, today: date) -> int:
    """How many days from today to a wedding: 0 on each of its days, negative after the last."""
    if today <= first:
        return (first - today).days
    return min(0, (max(first, last or first) - today).days)


def most_urgent(tiers: Iterable[Tier]) -> Tier:
    """The tier of a vendor: that of its most urgent wedding; without any it is normal."""
    return min(tiers, key=URGENCY.index, default=Tier.NORMAL)


@cache
def zone_of(name: str | None, default: str) -> ZoneInfo:
    """The wedding's own time zone; an absent or unknown one is the platform's, an unknown default UTC."""
    for candidate in (name, default):
        try:
            if candidate:
                return ZoneInfo(candidate)
        except (ZoneInfoNotFoundError, ValueError):
            continue
    return ZoneInfo("UTC")
