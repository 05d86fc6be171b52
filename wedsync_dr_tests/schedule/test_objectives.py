"""What share of the time an objective was kept, against a slow reference that looks at every second."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from wedsync_dr.model import Kind, ScopeId, Tier
from wedsync_dr.schedule.due import Candidate
from wedsync_dr.schedule.objectives import kept_share, standings
from wedsync_dr.schedule.policy import DEFAULT
from wedsync_dr_tests.town import NOW

BEGIN, END = NOW - timedelta(seconds=60), NOW


def slowly(instants: list[datetime], rpo: timedelta) -> float | None:
    """Second by second."""
    known = [at for at in instants if at <= END]
    if not known:
        return None
    seconds = [BEGIN + timedelta(seconds=n) for n in range(60) if BEGIN + timedelta(seconds=n) >= known[0]]
    if not seconds:
        return 1.0
    kept = [any(at <= second < at + rpo for at in known) for second in seconds]
    return sum(kept) / len(kept)


@given(st.lists(st.integers(-100, 70), max_size=8), st.integers(1, 40))
def test_the_share_is_that_of_a_slow_look_at_every_second(offsets: list[int], rpo: int) -> None:
    instants = [BEGIN + timedelta(seconds=offset) for offset in sorted(offsets)]
    found, expected = kept_share(instants, timedelta(seconds=rpo), BEGIN, END), slowly(instants, timedelta(seconds=rpo))
    assert (found is None) == (expected is None)
    if found is not None and expected is not None:
        assert abs(found - expected) < 1e-9


def test_a_scope_without_a_recovery_point_is_the_worst_offender() -> None:
    never = Candidate(ScopeId(Kind.WEDDING, "1"), Tier.DAY_OF)
    old = Candidate(ScopeId(Kind.WEDDING, "2"), Tier.DAY_OF, current_until=NOW - timedelta(minutes=6))
    fresh = Candidate(ScopeId(Kind.WEDDING, "3"), Tier.DAY_OF, current_until=NOW - timedelta(minutes=5))
    (tier,) = standings([fresh, old, never], {}, DEFAULT, NOW)
    assert (tier.scopes, tier.inside) == (3, 1)
    assert [(one.scope.id, one.age) for one in tier.offenders] == [("1", None), ("2", timedelta(minutes=6))]
    assert tier.share is None


def test_tiers_stand_most_urgent_first_and_tables_last() -> None:
    table = Candidate(ScopeId(Kind.PLATFORM, "public.t"), None, current_until=NOW)
    found = standings([table, Candidate(ScopeId(Kind.WEDDING, "1"), Tier.NORMAL, current_until=NOW)], {}, DEFAULT, NOW)
    assert [tier.tier for tier in found] == [Tier.NORMAL, None]
    assert all(tier.inside == tier.scopes for tier in found)
