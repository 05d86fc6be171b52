"""When a wedding is under way, from its own rows."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from wedsync_dr.approval.hours import hours_in
from wedsync_dr.approval.request import Hours
from wedsync_dr.model import TableName
from wedsync_dr.scope.rules import Rules
from wedsync_dr.snapshot.sealed_rows import TableHead
from wedsync_dr.source.copytext import line_of

INSTANT = "timestamp with time zone"
WEDDINGS = TableHead(
    TableName("public", "weddings"),
    (("id", "integer"), ("wedding_date", "date"), ("end_date", "date"), ("time_zone", "text")),
    ("id",),
)
TIMELINE = TableHead(
    TableName("public", "timeline_events"),
    (("id", "integer"), ("starts_at", INSTANT), ("ends_at", INSTANT), ("duration", "interval")),
    ("id",),
)
ROME = ZoneInfo("Europe/Rome")


def hours(
    events: Sequence[tuple[str, str | None, str | None]],
    first: str | None,
    last: str | None = None,
    zone: str | None = None,
) -> list[Hours]:
    rows = {
        WEDDINGS.table: (WEDDINGS, [line_of((1, first, last, zone))]),
        TIMELINE.table: (TIMELINE, [line_of((number, *event)) for number, event in enumerate(events)]),
    }
    return list(hours_in(rows, [WEDDINGS.table], Rules(), "UTC"))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 6, day, hour, minute, tzinfo=UTC)


def test_they_reach_from_the_first_start_to_the_last_end() -> None:
    events = [("2026-06-06 14:00:00+00", None, "01:30:00"), ("2026-06-06 09:30:00+00", "2026-06-06 10:00:00+00", None)]
    assert hours(events, "2026-06-06") == [Hours(at(6, 9, 30), at(6, 15, 30))]


def test_a_party_goes_on_after_midnight() -> None:
    assert hours([("2026-06-06 22:00:00+00", None, "05:00:00")], "2026-06-06") == [Hours(at(6, 22), at(7, 3))]


def test_the_rehearsal_of_the_day_before_is_not_the_day() -> None:
    events = [("2026-06-05 18:00:00+00", None, "01:00:00"), ("2026-06-06 14:00:00+00", None, "01:00:00")]
    assert hours(events, "2026-06-06") == [Hours(at(6, 14), at(6, 15))]


def test_which_day_an_event_is_on_is_asked_in_the_weddings_zone() -> None:
    assert hours([("2026-06-05 22:30:00+00", None, "01:00:00")], "2026-06-06", None, "Europe/Rome") == [
        Hours(at(5, 22, 30), at(5, 23, 30))
    ]


def test_each_day_of_a_wedding_has_its_own() -> None:
    events = [("2026-06-06 14:00:00+00", None, "01:00:00"), ("2026-06-07 10:00:00+00", None, "02:00:00")]
    assert hours(events, "2026-06-06", "2026-06-07") == [Hours(at(6, 14), at(6, 15)), Hours(at(7, 10), at(7, 12))]


@pytest.mark.parametrize("start", ["infinity", None])
def test_without_a_timeline_it_is_the_whole_day_where_it_is(start: str | None) -> None:
    events = [(start, None, None)] if start else []
    (found,) = hours(events, "2026-06-06", None, "Europe/Rome")
    midnight = datetime.combine(date(2026, 6, 6), datetime.min.time(), ROME)
    assert (found.start, (found.end - found.start).total_seconds()) == (midnight, 86_400)


def test_a_wedding_without_a_date_has_none() -> None:
    assert hours([("2026-06-06 14:00:00+00", None, "01:00:00")], None) == []


def test_an_event_that_never_ends_ends_after_a_day() -> None:
    assert hours([("2026-06-06 14:00:00+00", None, "99 days 01:00:00")], "2026-06-06") == [Hours(at(6, 14), at(7, 14))]


@pytest.mark.parametrize(("text", "hour"), [("1 mon 01:00:00", 38), ("-01:00:00", 14), ("nonsense", 14)])
def test_a_duration_that_no_day_holds_is_cut(text: str, hour: int) -> None:
    (found,) = hours([("2026-06-06 14:00:00+00", None, text)], "2026-06-06")
    assert found == Hours(at(6, 14), at(6 + hour // 24, hour % 24))
