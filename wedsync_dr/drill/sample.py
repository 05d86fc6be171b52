"""Which recovery points a drill restores. Pure: the same seed draws the same ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from wedsync_dr.model import Kind, ScopeId, Tier
from wedsync_dr.schedule.tiers import URGENCY

_WEIGHT = {Tier.DAY_OF: 8.0, Tier.IMMINENT: 5.0, Tier.CRITICAL: 3.0, Tier.NORMAL: 1.0, Tier.SETTLED: 0.5, None: 1.0}


@dataclass(frozen=True)
class Points:
    """The recovery points of a scope, newest first; never none. A platform table has no tier."""

    scope: ScopeId
    tier: Tier | None
    snapshot_ids: tuple[str, ...]


@dataclass(frozen=True)
class Pick:
    """A recovery point to restore."""

    scope: ScopeId
    tier: Tier | None
    snapshot_id: str
    newest: bool


def sample(held: Sequence[Points], *, seed: int, count: int) -> list[Pick]:
    """The newest recovery point of every wedding of the day, and `count` others, drawn by tier.

    Of each tier and kind that there is one is drawn before the rest. A drawn scope gives any of its recovery points;
    where some scope has an older one, not all that are drawn are the newest.
    """
    random = Random(seed)  # noqa: S311  a draw that can be repeated
    of_the_day = [one for one in held if one.scope.kind is Kind.WEDDING and one.tier is Tier.DAY_OF]
    others = sorted((one for one in held if one not in of_the_day), key=lambda one: one.scope)
    drawn = _drawn(others, random, count)
    picks = [_pick(one, random.randrange(len(one.snapshot_ids))) for one in drawn]
    if all(pick.newest for pick in picks):
        aged = next((place for place, one in enumerate(drawn) if len(one.snapshot_ids) > 1), None)
        if aged is not None:
            picks[aged] = _pick(drawn[aged], 1)
    return [_pick(one, 0) for one in sorted(of_the_day, key=lambda one: one.scope)] + picks


def _drawn(others: Sequence[Points], random: Random, count: int) -> list[Points]:
    """Without repetition; the first of each tier and kind come first, the most urgent before the others."""
    order = sorted(others, key=lambda one: random.random() ** (1 / _WEIGHT[one.tier]), reverse=True)
    firsts: dict[tuple[Kind, Tier | None], Points] = {}
    for one in order:
        firsts.setdefault((one.scope.kind, one.tier), one)
    chosen = sorted(firsts.values(), key=lambda one: (_urgency(one.tier), one.scope))[:count]
    rest = [one for one in order if one not in chosen]
    return chosen + rest[: max(0, count - len(chosen))]


def _urgency(tier: Tier | None) -> int:
    return URGENCY.index(tier) if tier else len(URGENCY)


def _pick(points: Points, place: int) -> Pick:
    return Pick(points.scope, points.tier, points.snapshot_ids[place], newest=place == 0)
