"""Which instants a cron line means; Dagster's own reading of cron lines is the reference."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from dagster._utils.schedules import schedule_execution_time_iterator  # the reference, in a test alone
from hypothesis import given, settings
from hypothesis import strategies as st

from wedsync_dr.errors import ScheduleInvalid
from wedsync_dr.schedule.cron import parse_cron

UTC_ZONE, BERLIN = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def numbers(low: int, high: int) -> st.SearchStrategy[str]:
    one = st.integers(low, high).map(str)
    ends = st.lists(st.integers(low, high), min_size=2, max_size=2, unique=True).map(sorted)
    span = ends.map(lambda both: f"{both[0]}-{both[1]}")  # the reference takes 0-0 for every number
    steps = st.integers(2, high).map(lambda step: f"*/{step}")  # and */1 for none in particular
    return st.one_of(st.just("*"), one, span, steps, st.lists(one, min_size=1, max_size=3).map(",".join))


lines = st.tuples(numbers(0, 59), numbers(0, 23), numbers(1, 28), numbers(1, 12), numbers(0, 5)).map(" ".join)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


@settings(max_examples=50, deadline=None)
@given(lines, moments)
def test_a_line_means_what_dagster_takes_it_for(line: str, start: datetime) -> None:
    reference = schedule_execution_time_iterator(start.timestamp(), line, "UTC", ascending=True)
    expected = [at.astimezone(UTC) for at in islice((at for at in reference if at > start), 3)]
    at, found = start, []
    for _ in range(3):
        at = parse_cron(line).next_after(at, UTC_ZONE) or at
        found.append(at)
    assert found == expected


@settings(max_examples=60, deadline=None)
@given(lines, moments)
def test_nothing_lies_between_the_last_instant_and_the_next(line: str, moment: datetime) -> None:
    cron = parse_cron(line)
    last = cron.last_until(moment, BERLIN, moment - timedelta(days=800))
    assert last is None or last <= moment < (cron.next_after(last, BERLIN) or moment)


@pytest.mark.parametrize(
    ("line", "start", "expected"),
    [
        ("30 2 * * *", "2026-03-28T12:00Z", ["2026-03-29T01:30Z", "2026-03-30T00:30Z"]),  # 02:30 is skipped
        ("30 2 * * *", "2026-10-24T12:00Z", ["2026-10-25T00:30Z", "2026-10-26T01:30Z"]),  # 02:30 comes twice
        ("0 * * * *", "2026-10-24T23:30Z", ["2026-10-25T00:00Z", "2026-10-25T01:00Z", "2026-10-25T02:00Z"]),
        ("0 3 * * sun", "2026-06-01T00:00Z", ["2026-06-07T01:00Z", "2026-06-14T01:00Z"]),
        ("0 3 1 jan 7", "2026-06-01T00:00Z", ["2027-01-01T02:00Z", "2027-01-03T02:00Z"]),  # either is enough
        ("0 0 29 2 *", "2096-03-01T00:00Z", ["2104-02-28T23:00Z"]),
    ],
)
def test_a_clock_that_is_put_forward_or_back_loses_nothing(line: str, start: str, expected: list[str]) -> None:
    at = datetime.fromisoformat(start)
    for text in expected:
        found = parse_cron(line).next_after(at, BERLIN)
        assert found == datetime.fromisoformat(text)
        at = found


def test_the_last_instant_is_not_older_than_asked() -> None:
    daily = parse_cron("0 3 * * *")
    assert daily.last_until(NOON, UTC_ZONE, NOON - timedelta(days=3)) == NOON.replace(hour=3)
    assert daily.last_until(NOON, UTC_ZONE, NOON.replace(hour=3)) is None
    assert daily.last_until(NOON.replace(hour=3), UTC_ZONE, NOON - timedelta(days=3)) == NOON.replace(hour=3)


@pytest.mark.parametrize(
    "line",
    ["", "* * * *", "* * * * * *", "60 * * * *", "5-1 * * * *", "*/0 * * * *", "a * * * *", "0 0 30 2 *", "²" * 9],
)
def test_a_line_that_makes_no_sense_is_refused(line: str) -> None:
    with pytest.raises(ScheduleInvalid):
        parse_cron(line)
