"""What stays in the vault and what may go: by property, against a reference that walks through every hour and day."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wedsync_dr.model import Kind, ScopeId, Tier
from wedsync_dr.schedule.policy import DEFAULT, Policy, Retention
from wedsync_dr.schedule.retention import Held, RetentionPlan, Role, plan_retention
from wedsync_dr.vault.vault import SnapshotRef

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
MIN, H, D = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
W1, W2, V1 = ScopeId(Kind.WEDDING, "1"), ScopeId(Kind.WEDDING, "2"), ScopeId(Kind.VENDOR, "1")


def at(age: timedelta, scope: ScopeId = W1, **more: Any) -> Held:
    taken = NOW - age
    return Held(SnapshotRef(scope, f"{taken:%Y%m%dT%H%M%S.%f}Z-00000000"), Tier.NORMAL, **more)


def policy_of(retention: Retention) -> Policy:
    return Policy({tier: replace(numbers, retention=retention) for tier, numbers in DEFAULT.tiers.items()})


def kept_ages(held: Sequence[Held], policy: Policy = DEFAULT) -> list[timedelta]:
    return sorted(NOW - kept.ref.taken_at for kept in plan_retention(held, policy, NOW).kept)


def reasons(plan: RetentionPlan, held: Held) -> tuple[str, ...]:
    return next((kept.reasons for kept in plan.kept if (kept.ref, kept.role) == (held.ref, held.role)), ())


BARE = Retention(every=MIN, hourly=MIN, daily=MIN, weekly=0, monthly=0, yearly=0, minimum=1)


@pytest.mark.parametrize(
    ("rule", "ages", "kept"),
    [
        ({"every": 48 * H}, [H, 2 * H, 47 * H, 48 * H, 49 * H], [H, 2 * H, 47 * H]),
        ({"hourly": 2 * H}, [5 * MIN, 31 * MIN, 40 * MIN, 91 * MIN, 99 * MIN], [5 * MIN, 31 * MIN, 91 * MIN]),
        ({"hourly": 2 * H}, [10 * MIN, 30 * MIN, 45 * MIN], [10 * MIN, 45 * MIN]),  # one exactly at the end of an hour
        ({"daily": 2 * D}, [H, 9 * H, 10 * H, 20 * H, 34 * H, 60 * H], [H, 10 * H, 34 * H]),
        ({"weekly": 2}, [H, 2 * D, 3 * D, 9 * D, 10 * D, 20 * D], [H, 2 * D, 9 * D]),
        ({"monthly": 2}, [D, 20 * D, 25 * D, 40 * D, 55 * D, 90 * D], [D, 25 * D, 55 * D]),
        ({"yearly": 1}, [D, 300 * D, 330 * D, 400 * D], [D, 330 * D]),
        ({"minimum": 3}, [D, 2 * D, 3 * D, 4 * D], [D, 2 * D, 3 * D]),
    ],
)
def test_each_rule_keeps_what_stood_at_the_ends_it_reaches_back_to(
    rule: dict[str, Any], ages: list[timedelta], kept: list[timedelta]
) -> None:
    policy = policy_of(replace(BARE, **rule))
    assert kept_ages([at(age) for age in ages], policy) == kept


def test_what_has_not_changed_for_years_stands_for_every_month_since() -> None:
    """Stored once 14 months ago, changed yesterday: the ends of all twelve months need the old one."""
    old = at(430 * D)
    plan = plan_retention([old, at(D), at(2 * H), at(H)], DEFAULT, NOW)
    assert reasons(plan, old) == (
        "stood at the end of an hour",
        "stood at the end of a day",
        "stood at the end of a week",
        "stood at the end of a month",
        "stood at the end of a year",
    )


def test_the_last_recovery_point_stays_however_old_and_whatever_else_is_there() -> None:
    old = at(9000 * D)
    later = [at(8000 * D, role=Role.SAFETY), at(7000 * D, role=Role.DOUBTFUL)]
    plan = plan_retention([old, *later], policy_of(BARE), NOW)
    assert "last recovery point" in reasons(plan, old)
    assert [gone.ref for gone in plan.removals] == [later[0].ref]


def test_a_scope_without_any_recovery_point_loses_nothing() -> None:
    held = [at(9000 * D, role=Role.SAFETY), at(8000 * D, role=Role.SAFETY), at(9 * D, role=Role.DOUBTFUL)]
    assert plan_retention(held, policy_of(BARE), NOW).removals == ()


def test_a_safety_snapshot_stands_for_no_day_and_goes_when_days_are_no_longer_kept() -> None:
    point, safety = at(10 * D), at(9 * D, role=Role.SAFETY)
    old = at(31 * D, role=Role.SAFETY)
    plan = plan_retention([point, safety, old, at(MIN), at(2 * MIN), at(3 * MIN)], DEFAULT, NOW)
    assert "stood at the end of a day" in reasons(plan, point)
    assert reasons(plan, safety) == ("safety snapshot younger than 30 d",)
    assert [(gone.ref, gone.reason) for gone in plan.removals] == [(old.ref, "safety snapshot older than 30 d")]


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"hold": "lawsuit 12/26"}, "legal hold: lawsuit 12/26"),
        ({"vanished": True}, "the scope vanished from the source"),
        ({"reading": True}, "a restore that has not ended may read it"),
    ],
)
def test_a_scope_that_is_held_or_vanished_or_read_loses_nothing(facts: dict[str, Any], reason: str) -> None:
    policy = policy_of(replace(BARE, personal=D))
    mine = [at(age * D, **facts) for age in (5, 6, 7)] + [at(8 * D, role=Role.SUPPLEMENT, **facts)]
    other = [at(age * D, W2) for age in (5, 6, 7)]
    plan = plan_retention([*mine, *other], policy, NOW)
    assert {reasons(plan, one) for one in mine} == {(reason,)}
    assert [gone.ref for gone in plan.removals] == [other[2].ref, other[1].ref]


def test_a_supplement_goes_with_the_last_snapshot_of_its_batch_and_not_before() -> None:
    held = [at(age * D) for age in (1, 5, 6)]
    beside = [at(age * D, V1, role=Role.SUPPLEMENT) for age in (1, 5, 6)]
    vendor = [at(5 * D, V1), at(30 * D, V1)]
    plan = plan_retention([*held, *beside, *vendor], policy_of(BARE), NOW)
    gone = {(one.ref, one.role): one.reason for one in plan.removals}
    assert gone.keys() == {(held[1].ref, Role.POINT), (held[2].ref, Role.POINT), (vendor[1].ref, Role.POINT)} | {
        (beside[2].ref, Role.SUPPLEMENT)
    }
    assert gone[beside[2].ref, Role.SUPPLEMENT] == "no snapshot of its batch is kept"
    assert reasons(plan, beside[1]) == ("a snapshot of its batch is kept",)


def test_personal_rows_go_after_their_limit_down_to_the_last_recovery_point() -> None:
    policy = policy_of(replace(Retention(), personal=365 * D))
    business = at(600 * D, personal=False)
    held = [business, at(700 * D), at(500 * D), at(400 * D)]
    plan = plan_retention(held, policy, NOW)
    assert {(NOW - gone.ref.taken_at) // D: gone.reason for gone in plan.removals} == dict.fromkeys(
        (700, 500), "holds personal rows and is older than 365 d"
    )
    assert plan_retention([business, at(500 * D)], policy, NOW).removals == ()


def test_the_tier_of_now_says_how_long_snapshots_stay() -> None:
    short = {**DEFAULT.tiers, Tier.SETTLED: replace(DEFAULT.of(Tier.SETTLED), retention=BARE)}
    held = [at(age * H) for age in (1, 2, 3)]
    assert kept_ages(held, Policy(short)) == [H, 2 * H, 3 * H]
    assert kept_ages([replace(one, tier=Tier.SETTLED) for one in held], Policy(short)) == [H]


# The reference: walk back through every hour and day, and look what stood then.


def stood_at(points: Sequence[Held], end: datetime) -> list[Held]:
    return sorted((one for one in points if one.ref.taken_at < end), key=lambda one: one.ref)[-1:]


def ends_of(retention: Retention, now: datetime) -> Iterator[datetime]:
    weeks, months, years = retention.weekly, retention.monthly, retention.yearly
    end = now.replace(minute=0)
    while weeks or months or years or now - end < max(retention.hourly, retention.daily):
        if now - end < retention.hourly:
            yield end
        if end.hour == 0:
            week, month, year = end.weekday() == 0, end.day == 1, (end.month, end.day) == (1, 1)
            if now - end < retention.daily or (week and weeks) or (month and months) or (year and years):
                yield end
            weeks, months, years = (
                weeks - (week and weeks > 0),
                months - (month and months > 0),
                years - (year and years > 0),
            )
        end -= H


def reference(held: Sequence[Held], retention: Retention, now: datetime) -> set[tuple[Role, SnapshotRef]]:
    kept: set[tuple[Role, SnapshotRef]] = set()
    ends = list(ends_of(retention, now))
    for scope in {one.ref.scope for one in held}:
        mine = sorted((one for one in held if one.ref.scope == scope), key=lambda one: one.ref)
        kept |= {(one.role, one.ref) for one in _kept_of_scope(mine, retention, ends, now)}
    instants = {ref.taken_at for role, ref in kept if role is not Role.SUPPLEMENT}
    return kept | {(o.role, o.ref) for o in held if o.role is Role.SUPPLEMENT and o.ref.taken_at in instants}


def _kept_of_scope(mine: Sequence[Held], retention: Retention, ends: Sequence[datetime], now: datetime) -> list[Held]:
    points = [one for one in mine if one.role is Role.POINT]
    if not points or mine[0].hold is not None or mine[0].vanished or mine[0].reading:
        return list(mine)
    kept = [one for end in ends for one in stood_at(points, end)]
    kept += [one for one in points if now - one.ref.taken_at < retention.every] + points[-retention.minimum :]
    kept += [one for one in mine if one.role is Role.DOUBTFUL]
    kept += [
        one
        for one in mine
        if one.role is Role.SAFETY and now - one.ref.taken_at < max(retention.daily, retention.every)
    ]
    if retention.personal is not None:
        kept = [one for one in kept if not one.personal or now - one.ref.taken_at < retention.personal]
    return [*kept, points[-1], *(one for one in mine if one.newest)]


SPANS = st.sampled_from([MIN, H, 5 * H, D, 3 * D, 20 * D])
COUNTS = st.integers(0, 4)
RETENTIONS = st.builds(
    Retention, SPANS, SPANS, SPANS, COUNTS, COUNTS, st.integers(0, 2), st.integers(1, 4), st.none() | SPANS
)
INSTANTS = [NOW, NOW.replace(minute=0), datetime(2026, 11, 23, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)]
ON_THE_HOUR = st.integers(0, 400).map(lambda hours: 30 + 60 * hours)
MINUTES = st.one_of(ON_THE_HOUR, st.integers(0, 3000), st.integers(0, 60 * 24 * 40), st.integers(0, 60 * 24 * 1000))


FACTS: list[dict[str, Any]] = [{}, {}, {}, {"hold": "x"}, {"vanished": True}, {"reading": True}]


@st.composite
def vaults(draw: st.DrawFn) -> list[Held]:
    held: list[Held] = []
    for scope in (W1, W2, V1):
        facts: dict[str, Any] = draw(st.sampled_from(FACTS))
        roles = st.sampled_from([Role.POINT, Role.POINT, Role.POINT, Role.SAFETY, Role.DOUBTFUL])
        for minutes in draw(st.lists(MINUTES, unique=True, max_size=8)):
            role, personal, newest = draw(roles), draw(st.booleans()), draw(st.integers(0, 9)) == 0
            held.append(at(minutes * MIN, scope, role=role, personal=personal, newest=newest, **facts))
            if draw(st.integers(0, 3)) == 0:
                held.append(at(minutes * MIN, V1, role=Role.SUPPLEMENT, personal=False))
    facts_of = {one.ref.scope: one for one in held if one.role is not Role.SUPPLEMENT}
    unique = {(one.role, one.ref): one for one in held}
    return [_like(one, facts_of.get(one.ref.scope)) for one in unique.values()]


def _like(one: Held, other: Held | None) -> Held:
    return replace(one, hold=other.hold, vanished=other.vanished, reading=other.reading) if other else one


@given(vaults(), RETENTIONS, st.sampled_from(INSTANTS))
@settings(deadline=None, max_examples=200)
def test_the_plan_is_that_of_the_reference(held: list[Held], retention: Retention, now: datetime) -> None:
    plan = plan_retention(held, policy_of(retention), now)
    assert {(kept.role, kept.ref) for kept in plan.kept} == reference(held, retention, now)


@given(vaults(), RETENTIONS, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_a_plan_has_every_snapshot_once_with_a_reason_and_does_not_depend_on_their_order(
    held: list[Held], retention: Retention, chance: Random
) -> None:
    policy = policy_of(retention)
    plan = plan_retention(held, policy, NOW)
    places = [(kept.role, kept.ref) for kept in plan.kept] + [(gone.role, gone.ref) for gone in plan.removals]
    assert sorted(places) == sorted((one.role, one.ref) for one in held)
    assert all(kept.reasons and all(kept.reasons) for kept in plan.kept)
    assert all(gone.reason for gone in plan.removals)
    assert plan_retention(chance.sample(held, len(held)), policy, NOW) == plan


@given(vaults(), RETENTIONS)
@settings(deadline=None)
def test_planning_again_after_the_removals_removes_nothing_more(held: list[Held], retention: Retention) -> None:
    policy = policy_of(retention)
    gone = {(one.role, one.ref) for one in plan_retention(held, policy, NOW).removals}
    left = [one for one in held if (one.role, one.ref) not in gone]
    assert plan_retention(left, policy, NOW).removals == ()
