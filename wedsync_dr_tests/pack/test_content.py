"""What a pack says is what the source holds: each section against SQL."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.pack.content import Answer, PackContent
from wedsync_dr.pack.gather import gather
from wedsync_dr.scope.rules import parse_rules
from wedsync_dr_tests.pack.conftest import World


@pytest.fixture(scope="module")
def content(world: World) -> PackContent:
    return gather(world.archive, world.nearest(1)[0], world.rules)


def _rows(world: World, content: PackContent, statement: str) -> list[tuple[Any, ...]]:
    return world.sql(statement.replace("WEDDING", f"'{content.scope.key}'"))


def test_the_couple_and_their_day_are_the_wedding_rows(world: World, content: PackContent) -> None:
    sql = """
        SELECT partner_one, partner_two, wedding_date, w.time_zone, ceremony_at, rain_plan, full_name FROM weddings w
        JOIN clients c ON c.id = client_id LEFT JOIN profiles p ON p.id = planner_id WHERE w.id = WEDDING"""
    ((one, two, day, zone, ceremony, rain, coordinator),) = _rows(world, content, sql)
    wedding = content.wedding
    assert (wedding.partners, wedding.day, wedding.coordinator) == ((one, two), day, coordinator or "")
    assert wedding.ceremony == ceremony
    assert content.zone.key == (zone or "UTC")
    assert content.plans["weather"] == rain


def test_the_venue_comes_from_its_owners_snapshot(world: World, content: PackContent) -> None:
    sql = """
        SELECT v.name, phone, access, (address).street FROM weddings w JOIN venues v ON v.id = venue_id
        WHERE w.id = WEDDING"""
    ((name, phone, access, street),) = _rows(world, content, sql)
    assert content.venue is not None
    assert (content.venue.name, content.venue.phone, content.venue.access) == (name, phone, access)
    assert not street or street in content.venue.address


def test_every_guest_has_their_household_seat_meal_and_answer(world: World, content: PackContent) -> None:
    sql = """
        SELECT given_name || ' ' || family_name, coalesce(h.name, ''), coalesce(t.name, ''),
               coalesce(seat_number::text, ''), coalesce(answers ->> 'menu', ''), r.status::text
        FROM guests g LEFT JOIN households h ON h.id = household_id LEFT JOIN seats s ON s.guest_id = g.id
        LEFT JOIN seating_tables t ON t.id = table_id LEFT JOIN rsvps r ON r.guest_id = g.id
        WHERE g.wedding_id = WEDDING"""
    rows = _rows(world, content, sql)
    words = {"attending": Answer.COMING, "declined": Answer.DECLINED}
    assert len(content.guests) > 40
    assert sorted((g.name, g.household, g.table, g.seat, g.meal, g.answer) for g in content.guests) == sorted(
        (" ".join(name.split()), " ".join(house.split()), table, seat, meal, words.get(status, Answer.OPEN))
        for name, house, table, seat, meal, status in rows
    )


def test_every_allergy_is_there_and_marked(world: World, content: PackContent) -> None:
    sql = """
        SELECT given_name || ' ' || family_name, label, severity::text FROM guest_dietary_needs n
        JOIN guests g ON g.id = guest_id JOIN dietary_requirements ON code = requirement WHERE wedding_id = WEDDING"""
    rows = _rows(world, content, sql)
    found = [(guest.name, need.what, need.severity) for guest in content.guests for need in guest.needs]
    assert sorted(found) == sorted((" ".join(name.split()), label, severity) for name, label, severity in rows)
    assert all(need.allergy == (need.severity != "preference") for guest in content.guests for need in guest.needs)
    assert content.allergic


def test_the_timeline_is_in_order_and_in_the_weddings_own_time(world: World, content: PackContent) -> None:
    rows = _rows(world, content, "SELECT title, starts_at FROM timeline_events WHERE wedding_id = WEDDING")
    assert sorted((event.title, event.at) for event in content.timeline) == sorted(rows)
    times = [event.at for event in content.timeline if event.at]
    assert times == sorted(times)
    assert {time.tzinfo for time in times} == {content.zone}
    assert any(event.critical for event in content.timeline)
    assert all(event.critical for event in content.timeline if event.title.startswith("Ceremony"))


def test_vendors_come_with_trade_contact_phone_and_arrival(world: World, content: PackContent) -> None:
    sql = """
        SELECT v.name, c.name, contact_name, phone, lower(during), b.status::text FROM bookings b
        JOIN vendors v ON v.id = vendor_id JOIN vendor_categories c ON c.id = category_id WHERE wedding_id = WEDDING"""
    rows = _rows(world, content, sql)
    found = [(v.name, v.role, v.contact, v.phone, v.arrival, v.status) for v in content.vendors]
    assert found
    assert sorted(found, key=str) == sorted(rows, key=str)
    assert {v.status for v in content.booked} <= {"booked", "fulfilled"}


def test_what_is_to_pay_is_open_and_due_by_the_days_around_the_wedding(world: World, content: PackContent) -> None:
    sql = """
        SELECT total, i.currency_code, v.name, due_on FROM billing.invoices i JOIN vendors v ON v.id = vendor_id
        JOIN weddings w ON w.id = wedding_id WHERE w.id = WEDDING AND i.status NOT IN ('paid', 'void')
        AND (i.status <> 'draft' OR EXISTS (SELECT FROM bookings b JOIN vendors o ON o.id = b.vendor_id
            WHERE b.wedding_id = w.id AND o.name = v.name AND b.status NOT IN ('enquiry', 'offered', 'cancelled'))
            OR NOT EXISTS (SELECT FROM bookings b WHERE b.wedding_id = w.id AND b.vendor_id = v.id))
        AND (due_on IS NULL OR due_on <= wedding_date + 3)"""
    rows = _rows(world, content, sql)
    found = [(Decimal(one.amount), one.currency, one.payee, one.due) for one in content.payments]
    assert sorted(found, key=str) == sorted(rows, key=str)


def test_a_draft_is_to_pay_only_where_its_vendor_is_booked(world: World) -> None:
    asked = world.sql("""
        SELECT DISTINCT w.id::text FROM billing.invoices i JOIN weddings w ON w.id = i.wedding_id
        JOIN bookings b ON b.wedding_id = w.id AND b.vendor_id = i.vendor_id
        WHERE i.status = 'draft' AND b.status IN ('enquiry', 'offered', 'cancelled')
        AND (due_on IS NULL OR due_on <= wedding_date + 3) LIMIT 2""")
    assert asked
    for (wedding,) in asked:
        content = gather(world.archive, ScopeId.of_key(Kind.WEDDING, wedding), world.rules)
        booked, known = {one.name for one in content.booked}, {one.name for one in content.vendors}
        assert all(one.payee in booked or one.payee not in known for one in content.payments if one.status == "draft")


def test_documents_are_listed_without_their_text(world: World, content: PackContent) -> None:
    rows = _rows(world, content, "SELECT title, body FROM documents WHERE wedding_id = WEDDING")
    assert sorted(one.title for one in content.documents) == sorted(title for title, _ in rows)
    assert not any(body in str(vars(one)) for one in content.documents for _, body in rows)


def test_two_weddings_of_one_couple_both_find_it(world: World) -> None:
    pairs = world.sql("SELECT min(id::text), max(id::text) FROM weddings GROUP BY client_id HAVING count(*) = 2")
    assert pairs
    for wedding in pairs[0]:
        assert len(gather(world.archive, ScopeId.of_key(Kind.WEDDING, wedding), world.rules).wedding.partners) == 2


def test_a_platform_without_a_mapping_gets_a_pack_that_says_what_it_lacks(world: World, content: PackContent) -> None:
    bare = gather(world.archive, content.scope, replace(world.rules, pack={}))
    assert (bare.guests, bare.vendors, bare.venue) == ((), (), None)
    assert bare.wedding.day == content.wedding.day
    assert "This platform has no table for timeline; map it under [pack.timeline] in rules.toml." in bare.gaps


def test_a_column_that_does_not_exist_is_said_with_the_nearest_and_stops_nothing(
    world: World, content: PackContent
) -> None:
    mapped = dict(world.rules.pack) | {"guests": dict(world.rules.pack["guests"]) | {"phone": "telefone"}}
    found = gather(world.archive, content.scope, replace(world.rules, pack=mapped))
    assert len(found.guests) == len(content.guests)
    (gap,) = found.gaps
    assert gap.startswith("public.guests has no column 'telefone', which [pack] names as telefone")


def test_payments_far_after_the_wedding_are_not_the_days_business(world: World, content: PackContent) -> None:
    assert content.wedding.day
    last = content.wedding.day + timedelta(days=3)
    assert all(one.due is None or one.due <= last for one in content.payments)


def test_a_mistake_in_the_mapping_stops_no_snapshot() -> None:
    assert parse_rules('[pack.gusts]\ntable = "x"').pack == {"gusts": {"table": "x"}}
