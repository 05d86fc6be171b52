"""Which recovery points a drill draws."""

from hypothesis import given
from hypothesis import strategies as st

from wedsync_dr.drill.sample import Points, sample
from wedsync_dr.model import Kind, ScopeId, Tier

_TIERS = st.sampled_from([*Tier])


@st.composite
def held(draw: st.DrawFn) -> list[Points]:
    weddings = draw(st.lists(st.tuples(_TIERS, st.integers(1, 4)), max_size=30))
    tables = draw(st.lists(st.integers(1, 3), max_size=4))
    found = [
        Points(ScopeId(Kind.WEDDING, f"w{i}"), tier, tuple(f"w{i}-{n}" for n in range(points)))
        for i, (tier, points) in enumerate(weddings)
    ]
    return found + [
        Points(ScopeId(Kind.PLATFORM, f"public.t{i}"), None, tuple(f"t{i}-{n}" for n in range(points)))
        for i, points in enumerate(tables)
    ]


@given(held(), st.integers(), st.integers(0, 20))
def test_every_wedding_of_the_day_is_drilled_from_its_newest_point(points: list[Points], seed: int, count: int) -> None:
    picks = sample(points, seed=seed, count=count)
    of_the_day = {one.scope: one.snapshot_ids[0] for one in points if one.tier is Tier.DAY_OF}
    assert {pick.scope: pick.snapshot_id for pick in picks if pick.tier is Tier.DAY_OF} == of_the_day


@given(held(), st.integers(), st.integers(0, 20))
def test_as_many_others_as_asked_each_once_and_from_a_point_that_it_has(
    points: list[Points], seed: int, count: int
) -> None:
    drawn = [pick for pick in sample(points, seed=seed, count=count) if pick.tier is not Tier.DAY_OF]
    others = {one.scope: one.snapshot_ids for one in points if one.tier is not Tier.DAY_OF}
    assert len(drawn) == len({pick.scope for pick in drawn}) == min(count, len(others))
    assert all(pick.snapshot_id in others[pick.scope] for pick in drawn)
    assert all(pick.newest == (pick.snapshot_id == others[pick.scope][0]) for pick in drawn)


@given(held(), st.integers(), st.integers(1, 20))
def test_not_only_the_newest_where_a_drawn_scope_has_an_older_one(points: list[Points], seed: int, count: int) -> None:
    drawn = [pick for pick in sample(points, seed=seed, count=count) if pick.tier is not Tier.DAY_OF]
    have_older = {one.scope for one in points if len(one.snapshot_ids) > 1}
    if any(pick.scope in have_older for pick in drawn):
        assert not all(pick.newest for pick in drawn)


@given(held(), st.integers(), st.integers(6, 20))
def test_each_tier_that_there_is_is_drawn(points: list[Points], seed: int, count: int) -> None:
    picks = sample(points, seed=seed, count=count)
    assert {pick.tier for pick in picks} == {one.tier for one in points}


@given(held(), st.integers(), st.integers(0, 20), st.randoms())
def test_the_same_seed_draws_the_same_whatever_the_order(
    points: list[Points], seed: int, count: int, random: st.DataObject
) -> None:
    again = list(points)
    random.shuffle(again)  # type: ignore[attr-defined]
    assert sample(points, seed=seed, count=count) == sample(again, seed=seed, count=count)
