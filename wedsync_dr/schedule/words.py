"""Reasons in words that a person understands: days, spans of time, why a scope is due."""

from datetime import date, timedelta

from wedsync_dr.schedule.tiers import days_until

_UNITS = ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "min"))


def spoken(span: timedelta) -> str:
    """A span of time in the largest unit of which it holds two: `12 min`, `24 h`, `7 d`. Never negative."""
    for unit, name in _UNITS:
        if span >= 2 * unit:
            return f"{span // unit} {name}"
    return f"{max(0, int(span.total_seconds()))} s"


def day_of_wedding(first: date | None, last: date | None, today: date) -> str:
    """When a wedding is, seen from today: `Sat 28 Nov, in 4 days`."""
    if first is None:
        return "no date"
    named = _day(first, today) if last is None or last <= first else f"{_day(first, today)} to {_day(last, today)}"
    return f"{named}, {_distance(days_until(first, last, today))}"


def _day(day: date, today: date) -> str:
    return f"{day:%a} {day.day} {day:%b}" + ("" if day.year == today.year else f" {day.year}")


def _distance(days: int) -> str:
    near = {0: "today", 1: "tomorrow", -1: "yesterday"}
    return near.get(days) or (f"in {days} days" if days > 0 else f"{-days} days ago")
