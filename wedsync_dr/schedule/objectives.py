"""Whether the tiers' recovery-point objectives are kept, now and over the last day. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from wedsync_dr.model import ScopeId, Tier
from wedsync_dr.schedule.due import Candidate
from wedsync_dr.schedule.policy import URGENCY, Policy

DAY = timedelta(hours=24)


@dataclass(frozen=True)
class Offender:
    """A scope outside its objective: how old its newest recovery point is (None: it has none), and if a run takes it
    now."""

    scope: ScopeId
    tier: Tier | None
    age: timedelta | None
    running: bool


@dataclass(frozen=True)
class TierStanding:
    """Of the scopes of a tier how many are inside the objective now, and what share of the last day all of them were.

    `tier` None are the platform's tables, which are kept like `normal`. `share` is None where nothing was known yet.
    """

    tier: Tier | None
    scopes: int
    inside: int
    share: float | None
    rpo: timedelta
    offenders: tuple[Offender, ...]


def standings(
    candidates: Iterable[Candidate], instants: Mapping[ScopeId, Sequence[datetime]], policy: Policy, now: datetime
) -> list[TierStanding]:
    """Every tier that has scopes, the most urgent first; the worst offenders of each first.

    `instants` are when each scope was known to be current, in the order of time.
    """
    by_tier: dict[Tier | None, list[Candidate]] = {}
    for one in candidates:
        by_tier.setdefault(one.tier, []).append(one)
    return [_standing(tier, by_tier[tier], instants, policy, now) for tier in (*URGENCY, None) if tier in by_tier]


def _standing(
    tier: Tier | None,
    scopes: Sequence[Candidate],
    instants: Mapping[ScopeId, Sequence[datetime]],
    policy: Policy,
    now: datetime,
) -> TierStanding:
    rpo = policy.of(tier).rpo
    late = [one for one in scopes if one.current_until is None or now - one.current_until > rpo]
    worst = sorted(late, key=lambda one: (one.current_until is not None, one.current_until or now, one.scope))
    shares = [
        share for one in scopes if (share := kept_share(instants.get(one.scope, ()), rpo, now - DAY, now)) is not None
    ]
    return TierStanding(
        tier=tier,
        scopes=len(scopes),
        inside=len(scopes) - len(late),
        share=sum(shares) / len(shares) if shares else None,
        rpo=rpo,
        offenders=tuple(_offender(one, now) for one in worst),
    )


def _offender(one: Candidate, now: datetime) -> Offender:
    age = now - one.current_until if one.current_until else None
    return Offender(one.scope, one.tier, age, one.running_since is not None)


def kept_share(instants: Sequence[datetime], rpo: timedelta, begin: datetime, end: datetime) -> float | None:
    """The share of the time from `begin` to `end` in which a scope's newest recovery point was no older than `rpo`.

    Time before its first one counts for nothing; None where it had none before `end`.
    """
    known = [at for at in instants if at <= end]
    if not known:
        return None
    begin = max(begin, known[0])
    if begin >= end:
        return 1.0
    missed = timedelta()
    for at, following in zip(known, [*known[1:], end], strict=True):
        missed += max(timedelta(), following - max(at + rpo, begin))
    return 1 - missed / (end - begin)
