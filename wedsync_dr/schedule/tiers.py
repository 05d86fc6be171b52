"""How urgent a wedding is, from its date: the table of design section 7. Pure; the instant comes in as an argument."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wedsync_dr.model import Tier


@dataclass(frozen=True)
class Objective:
    """What a tier promises, and how its runs queue."""

    rpo: timedelta
    rto: timedelta
    run_priority: int
    critical: bool


OBJECTIVES = {
    Tier.DAY_OF: Objective(timedelta(minutes=5), timedelta(minutes=5), 100, critical=True),
    Tier.IMMINENT: Objective(timedelta(minutes=15), timedelta(minutes=15), 50, critical=True),
    Tier.CRITICAL: Objective(timedelta(minutes=60), timedelta(hours=1), 20, critical=True),
    Tier.NORMAL: Objective(timedelta(hours=24), timedelta(hours=4), 0, critical=False),
    Tier.SETTLED: Objective(timedelta(days=7), timedelta(hours=4), -10, critical=False),
}
URGENCY = (Tier.DAY_OF, Tier.IMMINENT, Tier.CRITICAL, Tier.NORMAL, Tier.SETTLED)


def tier_of(wedding: date | None, now: datetime, zone: ZoneInfo) -> Tier:
    """The tier of a wedding on `wedding`, in its own time zone. A wedding without a date is critical."""
    if wedding is None:
        return Tier.CRITICAL
    days = (wedding - now.astimezone(zone).date()).days
    if -1 <= days <= 1:
        return Tier.DAY_OF
    if 1 < days <= 7:
        return Tier.IMMINENT
    if -7 <= days <= 30:
        return Tier.CRITICAL
    return Tier.NORMAL if days > 0 else Tier.SETTLED


def most_urgent(tiers: list[Tier]) -> Tier:
    """The tier of a vendor: that of its most urgent wedding; without any it is normal."""
    return min(tiers, key=URGENCY.index, default=Tier.NORMAL)


def zone_of(name: str | None, default: str) -> ZoneInfo:
    """The wedding's own time zone; an absent or unknown one is the platform's, an unknown default UTC."""
    for candidate in (name, default):
        try:
            if candidate:
                return ZoneInfo(candidate)
        except (ZoneInfoNotFoundError, ValueError):
            continue
    return ZoneInfo("UTC")
