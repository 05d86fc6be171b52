"""When a wedding is, as the source says it."""

from dataclasses import replace
from datetime import date

import psycopg
import pytest

from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.scope.discovery import ScopeInfo, discover
from wedsync_dr.scope.rules import parse_rules
from wedsync_dr.scope.survey import Source, survey
from wedsync_dr_tests import town

W1 = ScopeId(Kind.WEDDING, "1")


def found(source: Source) -> dict[ScopeId, ScopeInfo]:
    with survey(source) as seen:
        return {info.scope: info for info in discover(seen.reader, seen.catalog, seen.ownership)}


def alter(source: Source, *statements: str) -> None:
    with psycopg.connect(source.url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@pytest.mark.parametrize(
    ("column", "rules"), [("end_date", ""), ("until_day", '[dates]\nend_date = "public.weddings.until_day"\n')]
)
def test_a_wedding_s_last_day_is_found_by_its_name_or_by_rule(database: str, column: str, rules: str) -> None:
    source = town.build(database)
    alter(source, f"ALTER TABLE weddings ADD {column} date", f"UPDATE weddings SET {column} = wedding_date + 2")
    source = replace(source, rules=parse_rules(town.RULES + rules))
    wedding = found(source)[W1]
    assert (wedding.date, wedding.end_date) == (date(2026, 11, 12), date(2026, 11, 14))


def test_the_last_day_is_not_taken_for_the_only_date(database: str) -> None:
    source = town.build(database)
    alter(source, "ALTER TABLE weddings RENAME wedding_date TO big_day", "ALTER TABLE weddings ADD end_date date")
    assert found(source)[W1].date == date(2026, 11, 12)


def test_a_vendor_s_bookings_come_with_their_weddings_days_and_time_zones(database: str) -> None:
    source = town.build(database)
    alter(source, "ALTER TABLE weddings ADD time_zone text, ADD end_date date")
    alter(source, "UPDATE weddings SET time_zone = 'Pacific/Auckland', end_date = wedding_date + 1")
    everything = found(source)
    vendors = [info for info in everything.values() if info.booked]
    assert vendors
    assert all(wedding == everything[wedding.scope] for vendor in vendors for wedding in vendor.booked)
    assert all(wedding.time_zone and wedding.end_date for vendor in vendors for wedding in vendor.booked)
