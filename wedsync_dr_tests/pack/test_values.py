"""PostgreSQL's values as people read them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from wedsync_dr.pack.values import beginning, day_of, is_true, member, moment, plain, span

BERLIN = ZoneInfo("Europe/Berlin")
DAY = date(2026, 11, 28)
NINE = datetime(2026, 11, 28, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2026-11-28 08:00:00+00", "2026-11-28 09:00:00", "09:00:00", "2026-11-28T09:00+01:00"]
)
def test_a_moment_is_told_in_the_weddings_own_time(text: str) -> None:
    found = moment(text, BERLIN, DAY)
    assert found == NINE
    assert f"{found:%H:%M}" == "09:00"


@pytest.mark.parametrize("text", [None, "", "infinity", "-infinity", "0044-03-15 00:00:00+00 BC", "soon"])
def test_what_is_no_moment_is_none(text: str | None) -> None:
    assert moment(text, BERLIN, DAY) is None


def test_an_arrival_is_where_a_range_begins() -> None:
    assert beginning('["2026-11-28 08:00:00+00","2026-11-28 23:00:00+00")', BERLIN) == NINE
    assert beginning('["2026-11-28 08:00:00+00",)', BERLIN) == NINE
    assert beginning("(,)", BERLIN) is None
    assert beginning("empty", BERLIN) is None


def test_dates_that_python_does_not_have_are_none() -> None:
    assert day_of("2026-11-28") == day_of("2026-11-28 23:59:59+00") == DAY
    assert day_of("infinity") is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("01:15:00", "1 h 15 min"), ("00:30:00", "30 min"), ("2 days", "2 d"), ("1 day 02:00:00", "1 d 2 h"),
        ("00:00:00", ""), ("1 mon -1 days +00:00:00.5", ""), ("-00:15:00", ""), (None, ""),
    ],
)  # fmt: skip
def test_a_span_is_told_in_hours_and_minutes(text: str | None, shown: str) -> None:
    assert span(text) == shown


@pytest.mark.parametrize(
    ("text", "kind", "shown"),
    [
        ('("The Barn, 3\\\\4","Ends, here",,)', "public.postal_address", "The Barn, 3\\4, Ends, here"),
        ('{parking,NULL,"ramp, wide"}', "text[]", "parking, ramp, wide"),
        ("[0:1]={school,choir}", "text[]", "school, choir"),
        ("(by the lake)", "text", "(by the lake)"),
        ("{curly}", "text", "{curly}"),
        ("two\nlines\t.", "text", "two lines ."),
        (None, "text", ""),
    ],
)
def test_a_value_is_told_on_one_line(text: str | None, kind: str, shown: str) -> None:
    assert plain(text, kind) == shown


def test_a_member_of_json_is_its_text() -> None:
    assert member('{"menu": "fish"}', "menu") == "fish"
    assert member('{"menu": 2}', "menu") == "2"
    assert [member(text, "menu") for text in (None, "", "[]", "not json", '{"menu": null}', "{}")] == [None] * 6


def test_flags_are_booleans_or_words() -> None:
    assert all(map(is_true, ("t", "true", "Yes", "critical")))
    assert not any(map(is_true, ("f", "", None, "low")))
