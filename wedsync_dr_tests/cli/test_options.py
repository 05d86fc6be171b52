from datetime import UTC, datetime, timedelta, timezone

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedsync_dr.cli.options import InstantType, scope_of, table_names, the_scope, the_scopes, with_close_matches
from wedsync_dr.errors import MalformedId, ScopeNotFound
from wedsync_dr.model import Kind, ScopeId, utc_text

MORNING = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)


def instant(text: str) -> datetime:
    return InstantType().convert(text, None, None)


@pytest.mark.parametrize(
    "text", ["2026-11-24T08:30:00Z", "2026-11-24 08:30", "2026-11-24T09:30+01:00", "20261124T083000.000000Z-1a2b3c4d"]
)
def test_an_instant_is_iso_8601_in_utc_unless_it_says_otherwise_or_a_snapshot_id(text: str) -> None:
    assert instant(text) == MORNING


@given(st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_an_instant_as_it_is_printed_can_be_given_back_exactly(moment: datetime) -> None:
    assert instant(utc_text(moment)) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-24", "20261124", "2026-02-30T00:00:00Z", "1a2b3c4d"])
def test_a_day_without_a_time_and_nonsense_are_no_instants(text: str) -> None:
    with pytest.raises(click.BadParameter):
        instant(text)


def test_an_offset_is_kept() -> None:
    assert instant("2026-11-24T08:30:00-05:00") == MORNING.replace(tzinfo=timezone(timedelta(hours=-5)))


@given(st.text(min_size=1, max_size=30).filter(lambda text: text.strip() == text and "\x00" not in text))
def test_a_scope_is_named_by_its_id_or_by_its_key(key: str) -> None:
    by_key = ScopeId.of_key(Kind.WEDDING, key)
    assert scope_of(Kind.WEDDING, by_key.id) == by_key
    assert scope_of(Kind.WEDDING, key).key == key or scope_of(Kind.WEDDING, key).id == key


def test_a_platform_table_without_a_schema_is_public() -> None:
    assert scope_of(Kind.PLATFORM, "venues").id == "public.venues"
    assert scope_of(Kind.PLATFORM, "billing.tax_rates").id == "billing.tax_rates"


@pytest.mark.parametrize("text", ["", " ", "x" * 201])
def test_what_can_be_no_id_is_malformed(text: str) -> None:
    with pytest.raises(MalformedId):
        scope_of(Kind.WEDDING, text)


def test_exactly_one_scope_must_be_named() -> None:
    assert the_scope(None, "v", None) == ScopeId(Kind.VENDOR, "v")
    for named in ((None, None, None), ("w", "v", None)):
        with pytest.raises(click.UsageError):
            the_scope(*named)


def test_a_scope_named_twice_is_taken_once() -> None:
    assert the_scopes(["b", "a", "b"], [], ["venues", ""]) == [
        ScopeId(Kind.WEDDING, "b"),
        ScopeId(Kind.WEDDING, "a"),
        ScopeId(Kind.PLATFORM, "public.venues"),
    ]


def test_tables_may_be_separated_by_commas_or_repeated() -> None:
    assert table_names(["guests, seats", "billing.*", ","]) == ["guests", "seats", "billing.*"]


def test_a_scope_that_is_not_found_is_told_with_close_ids_of_its_own_kind() -> None:
    lost = ScopeNotFound("The vault has no snapshot.", remedy="Check the id.")
    known = [ScopeId(Kind.WEDDING, "w-1234567"), ScopeId(Kind.VENDOR, "w-1234568"), ScopeId(Kind.WEDDING, "zzz")]
    told = with_close_matches(lost, ScopeId(Kind.WEDDING, "w-1234566"), known)
    assert "w-1234567" in told.remedy
    assert "w-1234568" not in told.remedy
    assert "zzz" not in told.remedy
    assert with_close_matches(lost, ScopeId(Kind.WEDDING, "w-1234567"), known).remedy == "Check the id."
