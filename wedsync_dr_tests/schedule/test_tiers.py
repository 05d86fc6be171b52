"""Which tier a wedding is in: by its own days, in its own time zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from wedsync_dr.model import Kind, ScopeId, Tier
from wedsync_dr.schedule.tiers import days_until, most_urgent, tier_of, zone_of
from wedsync_dr.scope.discovery import ScopeInfo
from wedsync_dr.snapshot.urgency import scope_tier

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
BERLIN, AUCKLAND = ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Auckland")
WEDDING, VENDOR = ScopeId(Kind.WEDDING, "1"), ScopeId(Kind.VENDOR, "1")


@pytest.mark.parametrize(
    ("days", "tier"),
    [
        (-400, Tier.SETTLED),
        (-8, Tier.SETTLED),
        (-7, Tier.CRITICAL),
        (-2, Tier.CRITICAL),
        (-1, Tier.DAY_OF),
        (0, Tier.DAY_OF),
        (1, Tier.DAY_OF),
        (2, Tier.IMMINENT),
        (7, Tier.IMMINENT),
        (8, Tier.CRITICAL),
        (30, Tier.CRITICAL),
        (31, Tier.NORMAL),
        (4000, Tier.NORMAL),
    ],
)
def test_the_tier_follows_the_date(days: int, tier: Tier) -> None:
    assert tier_of(TODAY + timedelta(days=days), NOW, ZoneInfo("UTC")) is tier


def test_a_wedding_without_a_date_is_critical() -> None:
    assert tier_of(None, NOW, BERLIN) is Tier.CRITICAL


def test_a_wedding_of_several_days_is_of_the_day_on_each_of_them_and_the_day_after() -> None:
    first, last = TODAY - timedelta(days=3), TODAY - timedelta(days=1)
    tiers = [tier_of(first, NOW + timedelta(days=day), BERLIN, until=last) for day in range(-5, 8)]
    assert tiers == [Tier.IMMINENT] + [Tier.DAY_OF] * 5 + [Tier.CRITICAL] * 6 + [Tier.SETTLED]
    assert tier_of(first, NOW, BERLIN) is Tier.CRITICAL


def test_an_end_before_the_beginning_counts_for_nothing() -> None:
    assert days_until(TODAY, TODAY - timedelta(days=5), TODAY + timedelta(days=1)) == -1


@pytest.mark.parametrize(
    ("now", "zone", "tier"),
    [
        (datetime(2026, 11, 22, 10, 59, tzinfo=UTC), AUCKLAND, Tier.IMMINENT),
        (datetime(2026, 11, 22, 11, 0, tzinfo=UTC), AUCKLAND, Tier.DAY_OF),
        (datetime(2026, 11, 22, 23, 0, tzinfo=UTC), BERLIN, Tier.DAY_OF),
        (datetime(2026, 11, 22, 22, 59, tzinfo=UTC), BERLIN, Tier.IMMINENT),
    ],
)
def test_the_day_is_that_of_the_wedding_s_own_time_zone(now: datetime, zone: ZoneInfo, tier: Tier) -> None:
    assert tier_of(date(2026, 11, 24), now, zone) is tier


@pytest.mark.parametrize(("day", "utc_midnight"), [(date(2027, 3, 28), 23), (date(2026, 10, 25), 22)])
def test_on_the_day_the_clocks_change_the_tier_still_changes_at_local_midnight(day: date, utc_midnight: int) -> None:
    """Berlin is at +1 before the 28th of March and at +2 before the 25th of October; the days are 23 and 25 h long."""
    starts = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1) + timedelta(hours=utc_midnight)
    wedding, moment = day + timedelta(days=1), timedelta(seconds=1)
    assert tier_of(wedding, starts - moment, BERLIN) is Tier.IMMINENT
    assert tier_of(wedding, starts, BERLIN) is Tier.DAY_OF
    long = timedelta(hours=23 if day.month == 3 else 25)
    assert tier_of(day - timedelta(days=1), starts + long - moment, BERLIN) is Tier.DAY_OF
    assert tier_of(day - timedelta(days=1), starts + long, BERLIN) is Tier.CRITICAL


def test_a_vendor_has_the_tier_of_its_most_urgent_booking_in_that_wedding_s_own_time_zone() -> None:
    now = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
    far = ScopeInfo(WEDDING, date(2027, 11, 24))
    near = ScopeInfo(WEDDING, date(2026, 11, 24), "Pacific/Auckland")
    long = ScopeInfo(WEDDING, date(2026, 11, 10), None, date(2026, 11, 21))
    assert scope_tier(ScopeInfo(VENDOR, booked=(far, near)), now, "UTC") is Tier.DAY_OF
    assert scope_tier(ScopeInfo(VENDOR, booked=(far, long)), now, "UTC") is Tier.DAY_OF
    assert scope_tier(ScopeInfo(VENDOR, booked=(far,)), now, "UTC") is Tier.NORMAL
    assert scope_tier(ScopeInfo(VENDOR), now, "UTC") is Tier.NORMAL
    assert most_urgent([]) is Tier.NORMAL


def test_an_unknown_time_zone_is_the_platform_s_and_an_unknown_platform_s_is_utc() -> None:
    assert zone_of("Europe/Atlantis", "Europe/Berlin") == BERLIN
    assert zone_of(None, "Europe/Atlantis") == ZoneInfo("UTC")
