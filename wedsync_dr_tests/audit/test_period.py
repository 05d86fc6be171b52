"""Which days a report is about."""

from datetime import UTC, date, datetime

import pytest

from wedsync_dr.audit.period import Period, period_of
from wedsync_dr.errors import MalformedId


@pytest.mark.parametrize(
    ("today", "first", "last"),
    [
        (date(2027, 1, 1), date(2026, 12, 1), date(2026, 12, 31)),
        (date(2028, 3, 31), date(2028, 2, 1), date(2028, 2, 29)),
    ],
)
def test_without_days_it_is_the_last_whole_month(today: date, first: date, last: date) -> None:
    assert period_of(None, None, today) == Period(first, last)


def test_one_day_gives_the_other_end() -> None:
    today = date(2026, 11, 24)
    assert period_of(date(2026, 10, 5), None, today) == Period(date(2026, 10, 5), today)
    assert period_of(None, date(2026, 10, 5), today) == Period(date(2026, 10, 1), date(2026, 10, 5))


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(MalformedId):
        period_of(date(2026, 10, 5), date(2026, 10, 4), date(2026, 11, 24))


def test_the_last_day_is_part_of_the_period_and_the_next_midnight_is_not() -> None:
    period = Period(date(2026, 10, 1), date(2026, 10, 31))
    assert datetime(2026, 10, 31, 23, 59, 59, 999999, tzinfo=UTC) in period
    assert datetime(2026, 11, 1, tzinfo=UTC) not in period
    assert len(period.days(period.end)) == 31
    assert len(period.days(datetime(2026, 10, 3, 1, tzinfo=UTC))) == 3
