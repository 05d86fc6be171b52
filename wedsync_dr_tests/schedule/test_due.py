"""What is due: urgent first, nothing forgotten, and a reason that a person understands."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wedsync_dr.model import Kind, ScopeId, Tier
from wedsync_dr.schedule.due import Candidate, Due, decide, upcoming
from wedsync_dr.schedule.policy import DEFAULT, URGENCY, Priority
from wedsync_dr.schedule.risk import vendor_risk
from wedsync_dr.schedule.words import day_of_wedding, spoken

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MIN, H, D = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
W, V, P = ScopeId(Kind.WEDDING, "1"), ScopeId(Kind.VENDOR, "1"), ScopeId(Kind.PLATFORM, "public.venues")
IMMINENT = Candidate(W, Tier.IMMINENT, date(2026, 11, 28), ZoneInfo("Europe/Berlin"), NOW - 13 * MIN)
NORMAL = Candidate(W, Tier.NORMAL, date(2027, 6, 5), current_until=NOW - 19 * H)


def only(candidate: Candidate, **changes: object) -> Due:
    (due,) = decide([replace(candidate, **changes)], DEFAULT, NOW)  # type: ignore[arg-type]
    return due


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        (
            replace(IMMINENT, changed=True, changed_since=NOW - 12 * MIN),
            "Sat 28 Nov, in 4 days; changed 12 min ago; objective 15 min",
        ),
        (replace(IMMINENT, changed=True), "Sat 28 Nov, in 4 days; changed in the last 13 min; objective 15 min"),
        (IMMINENT, "Sat 28 Nov, in 4 days; last known current 13 min ago; objective 15 min"),
        (
            replace(IMMINENT, changed=False, end_date=date(2026, 11, 30)),
            "Sat 28 Nov to Mon 30 Nov, in 4 days; unchanged, last proven 13 min ago; objective 15 min",
        ),
        (replace(NORMAL, current_until=None), "Sat 5 Jun 2027, in 193 days; no recovery point yet; objective 24 h"),
        (
            replace(IMMINENT, current_until=NOW - 20 * MIN),
            "Sat 28 Nov, in 4 days; last known current 20 min ago; objective 15 min, missed 5 min ago",
        ),
        (
            Candidate(V, Tier.DAY_OF, date(2026, 11, 25), current_until=NOW - 4 * MIN),
            "booked Wed 25 Nov, tomorrow; last known current 4 min ago; objective 5 min",
        ),
        (
            Candidate(W, Tier.CRITICAL, None, current_until=NOW - 50 * MIN),
            "no date; last known current 50 min ago; objective 60 min",
        ),
        (Candidate(P, None), "platform table; no recovery point yet; objective 24 h"),
        (Candidate(V, Tier.NORMAL), "no booking; no recovery point yet; objective 24 h"),
        (Candidate(V, Tier.CRITICAL), "booked without a date; no recovery point yet; objective 60 min"),
    ],
)
def test_a_person_understands_the_reason(candidate: Candidate, reason: str) -> None:
    assert only(candidate).reason == reason


def test_the_day_in_the_reason_is_that_of_the_wedding_s_time_zone() -> None:
    late_evening = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    (due,) = decide([replace(IMMINENT, current_until=None)], DEFAULT, late_evening)
    assert due.reason.startswith("Sat 28 Nov, in 3 days")


def test_a_critical_scope_that_is_known_to_have_changed_is_due_at_once_and_a_normal_one_by_its_cadence() -> None:
    fresh = NOW - MIN
    assert decide([replace(IMMINENT, current_until=fresh, changed=True)], DEFAULT, NOW)
    assert not decide([replace(NORMAL, current_until=fresh, changed=True)], DEFAULT, NOW)
    assert not decide([replace(NORMAL, changed=True)], DEFAULT, NOW)
    assert decide([replace(NORMAL, changed=True)], DEFAULT, NOW + H)


@pytest.mark.parametrize("changed", [None, False])
def test_what_is_not_known_to_have_changed_is_due_when_its_cadence_has_passed(changed: bool | None) -> None:
    nearly = replace(IMMINENT, changed=changed, current_until=NOW - 10 * MIN + timedelta(seconds=1))
    assert not decide([nearly], DEFAULT, NOW)
    assert decide([replace(nearly, current_until=NOW - 10 * MIN)], DEFAULT, NOW)


def test_the_deadline_counts_from_the_change_where_that_is_known_else_from_the_last_proof() -> None:
    assert only(IMMINENT).deadline == NOW + 2 * MIN
    assert only(IMMINENT, changed=True, changed_since=NOW - 3 * MIN).deadline == NOW + 12 * MIN
    assert only(IMMINENT, changed=True, changed_since=NOW - D).deadline == NOW + 2 * MIN
    assert only(IMMINENT, changed=False, changed_since=NOW - 3 * MIN).deadline == NOW + 2 * MIN
    assert only(IMMINENT, current_until=None).deadline == NOW


def test_an_objective_that_is_missed_or_cannot_be_met_in_time_is_late() -> None:
    assert not only(IMMINENT).late
    assert only(IMMINENT, current_until=NOW - 15 * MIN).late
    assert only(IMMINENT, current_until=None).late
    queue = [
        replace(IMMINENT, scope=ScopeId(Kind.WEDDING, name), estimated_bytes=60, current_until=NOW - age * MIN)
        for name, age in (("first", 14), ("second", 13), ("third", 12))
    ]
    ordered = decide(queue, DEFAULT, NOW, bytes_per_second=1)
    assert [(due.scope.id, due.late) for due in ordered] == [("first", False), ("second", False), ("third", False)]
    slower = decide(queue, DEFAULT, NOW, bytes_per_second=0.9)
    assert [due.late for due in slower] == [True, True, True]
    assert slower[0].reason.endswith("objective 15 min, not to be met in time")
    running = Candidate(V, Tier.NORMAL, running_since=NOW - H, estimated_bytes=1)
    assert [due.late for due in decide([*queue, running], DEFAULT, NOW, bytes_per_second=1)] == [True, True, True]


def test_priority_is_the_platform_s_word_and_run_priority_the_tier_s_number() -> None:
    assert (only(IMMINENT).priority, only(IMMINENT).run_priority) == (Priority.CRITICAL, 50)
    normal = only(NORMAL, current_until=None)
    assert (str(normal.priority), normal.run_priority) == ("NORMAL", 0)


def test_what_a_run_is_taking_is_not_due_again() -> None:
    assert decide([replace(IMMINENT, running_since=NOW - H)], DEFAULT, NOW) == ()
    assert upcoming([replace(NORMAL, running_since=NOW - H)], DEFAULT, NOW) == ()


def test_what_is_not_due_yet_is_upcoming_with_the_instant_at_which_it_will_be() -> None:
    soon = replace(IMMINENT, scope=V, current_until=NOW - MIN)
    found = upcoming([NORMAL, IMMINENT, soon], DEFAULT, NOW)
    assert [(due.scope, due.due_at) for due in found] == [(V, NOW + 9 * MIN), (W, NOW + H)]


def test_risk_decides_between_vendors_that_are_equally_urgent() -> None:
    day = date(2026, 12, 20)
    vendors = [
        Candidate(ScopeId(Kind.VENDOR, str(risk)), Tier.CRITICAL, day, current_until=NOW - H, risk=risk)
        for risk in (40.0, 90.0, 65.0)
    ]
    assert [due.scope.id for due in decide(vendors, DEFAULT, NOW)] == ["90.0", "65.0", "40.0"]


@pytest.mark.parametrize(
    ("upcoming_weddings", "days", "contracts", "volume", "risk"),
    [
        (0, 0, 0, 0, 0),
        (1, 1, 0, 0, 10),
        (2, 1.5, 1, 1, 35),
        (3, 4, 1_001, 21, 60),
        (9, 8, 5_001, 51, 75),
        (9, 15, 10_001, 101, 90),
        (9, None, 10_001, 101, 100),
    ],
)
def test_the_risk_of_a_vendor_is_the_specification_s(
    upcoming_weddings: int, days: float | None, contracts: float, volume: int, risk: float
) -> None:
    found = vendor_risk(upcoming_weddings, days_since_backup=days, contract_value=contracts, volume=volume)
    assert found == risk


@pytest.mark.parametrize(
    ("span", "text"),
    [(90 * MIN, "90 min"), (47 * H, "47 h"), (48 * H, "2 d"), (119 * MIN / 60, "119 s"), (-5 * MIN, "0 s")],
)
def test_a_span_is_said_in_the_largest_unit_of_which_it_holds_two(span: timedelta, text: str) -> None:
    assert spoken(span) == text


def test_near_days_are_said_by_their_names() -> None:
    today = date(2026, 12, 31)
    assert day_of_wedding(today, None, today) == "Thu 31 Dec, today"
    assert day_of_wedding(date(2027, 1, 1), None, today) == "Fri 1 Jan 2027, tomorrow"
    assert day_of_wedding(date(2026, 12, 29), date(2026, 12, 30), today) == "Tue 29 Dec to Wed 30 Dec, yesterday"
    assert day_of_wedding(date(2026, 12, 1), None, today) == "Tue 1 Dec, 30 days ago"


INSTANTS = st.integers(0, 20_000).map(lambda minutes: NOW - minutes * MIN)


@st.composite
def worlds(draw: st.DrawFn) -> list[Candidate]:
    def one(number: int) -> Candidate:
        tier = draw(st.sampled_from([*URGENCY, None]))
        return Candidate(
            scope=ScopeId(Kind.PLATFORM if tier is None else Kind.WEDDING, f"w{number}"),
            tier=tier,
            date=draw(st.none() | st.integers(-400, 400).map(lambda days: NOW.date() + days * D)),
            current_until=draw(st.none() | INSTANTS),
            changed=draw(st.sampled_from([True, False, None])),
            changed_since=draw(st.none() | INSTANTS),
            running_since=draw(st.none() | INSTANTS),
            estimated_bytes=draw(st.integers(0, 10**9)),
            risk=draw(st.sampled_from([0.0, 40.0, 90.0])),
        )

    return [one(number) for number in range(draw(st.integers(0, 12)))]


@given(worlds(), st.none() | st.floats(1, 1e9), st.integers(0, 100))
@settings(deadline=None)
def test_the_answer_does_not_depend_on_the_order_of_the_question(
    world: list[Candidate], rate: float | None, seed: int
) -> None:
    shuffled = Random(seed).sample(world, len(world))
    assert decide(world, DEFAULT, NOW, bytes_per_second=rate) == decide(shuffled, DEFAULT, NOW, bytes_per_second=rate)


@given(worlds())
@settings(deadline=None)
def test_the_more_urgent_never_waits_behind_the_less_urgent(world: list[Candidate]) -> None:
    due = decide(world, DEFAULT, NOW)
    ranks = [URGENCY.index(one.tier or Tier.NORMAL) for one in due]
    assert ranks == sorted(ranks)
    protected = {one.scope for one in world if one.current_until is not None}
    order = [(rank, one.scope in protected, one.deadline) for rank, one in zip(ranks, due, strict=True)]
    assert order == sorted(order)


@given(worlds())
@settings(deadline=None)
def test_every_scope_is_due_or_upcoming_or_being_taken_and_nothing_overdue_is_left_out(world: list[Candidate]) -> None:
    due = {one.scope for one in decide(world, DEFAULT, NOW)}
    later = {one.scope for one in upcoming(world, DEFAULT, NOW)}
    taken = {one.scope for one in world if one.running_since is not None}
    assert due | later | taken == {one.scope for one in world}
    assert not (due & later or due & taken or later & taken)
    for one in world:
        if one.scope not in taken:
            stale = one.current_until is None or NOW - one.current_until >= DEFAULT.of(one.tier).rpo
            assert one.scope in due or not stale


@given(worlds())
@settings(deadline=None)
def test_nothing_is_starved_while_critical_scopes_change_all_the_time(world: list[Candidate]) -> None:
    """Each minute as many are taken as there are critical scopes, and one more; the critical ones change again."""
    scopes = [replace(one, running_since=None) for one in world]
    critical = {one.scope for one in scopes if DEFAULT.of(one.tier).critical}
    waiting = {due.scope for due in decide(scopes, DEFAULT, NOW)}
    for minute in range(len(world)):
        now = NOW + minute * MIN
        taken = {due.scope for due in decide(scopes, DEFAULT, now)[: len(critical) + 1]}
        scopes = [_taken(one, now, again=one.scope in critical) if one.scope in taken else one for one in scopes]
        waiting -= taken
    assert not waiting


def _taken(one: Candidate, now: datetime, *, again: bool) -> Candidate:
    return replace(one, current_until=now, changed=again, changed_since=now if again else None)
