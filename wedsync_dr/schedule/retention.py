"""Which snapshots stay, which may go, and why. Pure: the same vault, policy and instant give the same plan.

A snapshot stands for its scope until the next one, however long that is: what has not changed is not stored again. So
a day is not represented by a snapshot taken on it, but by the one that stood at its end; what is kept of all scopes for
the end of a day shows the platform as it was at that instant.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise, takewhile

from wedsync_dr.model import ScopeId, Tier
from wedsync_dr.schedule.policy import Policy, Retention
from wedsync_dr.schedule.words import spoken
from wedsync_dr.vault.vault import SnapshotRef


class Role(StrEnum):
    """What a snapshot in the vault is good for. Only a recovery point can stand for its scope."""

    POINT = "recovery point"
    SAFETY = "safety snapshot"
    SUPPLEMENT = "supplement"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True)
class Held:
    """A snapshot in the vault, and how its scope stands now.

    `newest`: the ledger has it as the newest recovery point. `hold`: why the scope must not lose anything. `vanished`:
    the source has no such scope any more. `reading`: a restore that has not ended may read it.
    """

    ref: SnapshotRef
    tier: Tier | None
    role: Role = Role.POINT
    newest: bool = False
    personal: bool = True
    hold: str | None = None
    vanished: bool = False
    reading: bool = False


@dataclass(frozen=True)
class Kept:
    """A snapshot that stays, and everything that speaks for it."""

    ref: SnapshotRef
    role: Role
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Removal:
    """A snapshot that may go, and why."""

    ref: SnapshotRef
    role: Role
    reason: str


@dataclass(frozen=True)
class RetentionPlan:
    """Every snapshot of the vault is in exactly one of the two lists."""

    kept: tuple[Kept, ...]
    removals: tuple[Removal, ...]


def plan_retention(held: Sequence[Held], policy: Policy, now: datetime) -> RetentionPlan:
    """What stays and what may go, by the retention of each scope's tier now.

    A scope never loses its last recovery point; one that is held, that vanished, or that is being read loses nothing.
    """
    marks = {tier: _marks(policy.of(tier).retention, now) for tier in (*Tier, None)}
    scopes: defaultdict[ScopeId, list[Held]] = defaultdict(list)
    for one in held:
        scopes[one.ref.scope].append(one)
    reasons: dict[tuple[Role, SnapshotRef], list[str]] = {}
    for members in scopes.values():
        tier = members[0].tier
        reasons |= _reasons(sorted(members, key=_age), policy.of(tier).retention, marks[tier], now)
    _add_supplements(held, reasons)
    kept = [Kept(one.ref, one.role, tuple(why)) for one in held if (why := reasons.get((one.role, one.ref)))]
    gone = [
        Removal(one.ref, one.role, _why_not(one, policy.of(one.tier).retention, now))
        for one in held
        if not reasons.get((one.role, one.ref))
    ]
    return RetentionPlan(tuple(sorted(kept, key=_place)), tuple(sorted(gone, key=_place)))


_Marks = Mapping[str, Sequence[datetime]]
_Reasons = dict[tuple[Role, SnapshotRef], list[str]]


def _reasons(members: Sequence[Held], kept: Retention, marks: _Marks, now: datetime) -> _Reasons:
    """What speaks for each snapshot of one scope, oldest first."""
    points = [one for one in members if one.role is Role.POINT]
    if whole := _for_all(members[0], points):
        return {(one.role, one.ref): [whole] for one in members}
    found: _Reasons = {(one.role, one.ref): list(_alone(one, kept, now)) for one in members}
    for one, why in _of_points(points, kept, marks):
        found[one.role, one.ref].append(why)
    for one in members:
        if _too_personal(one, kept, now) and one is not points[-1] and not one.newest:
            found[one.role, one.ref] = []
    return found


def _for_all(one: Held, points: Sequence[Held]) -> str | None:
    """What speaks for every snapshot of a scope, whatever its age."""
    if one.hold is not None:
        return f"legal hold: {one.hold}"
    if one.vanished:
        return "the scope vanished from the source"
    if one.reading:
        return "a restore that has not ended may read it"
    return None if points else "the scope has no recovery point"


def _alone(one: Held, kept: Retention, now: datetime) -> Iterator[str]:
    """What speaks for a snapshot without a look at the others."""
    age = now - one.ref.taken_at
    if one.newest:
        yield "newest recovery point by the ledger"
    if one.role is Role.DOUBTFUL:
        yield "the ledger does not vouch for it: `wedsync-dr verify` names why"
    if one.role is Role.SAFETY and age < max(kept.daily, kept.every):
        yield f"safety snapshot younger than {spoken(max(kept.daily, kept.every))}"
    if one.role is Role.POINT and age < kept.every:
        yield f"younger than {spoken(kept.every)}"


def _of_points(points: Sequence[Held], kept: Retention, marks: _Marks) -> Iterator[tuple[Held, str]]:
    """What speaks for recovery points, oldest first, among each other."""
    yield points[-1], "last recovery point"
    for one in points[-kept.minimum :]:
        yield one, f"one of the newest {kept.minimum}"
    for (one, since), (_, until) in pairwise((one, one.ref.taken_at) for one in points):
        for name, ends in marks.items():
            first = bisect_right(ends, since)
            if first < len(ends) and ends[first] <= until:
                yield one, f"stood at the end of {name}"


def _too_personal(one: Held, kept: Retention, now: datetime) -> bool:
    return one.personal and kept.personal is not None and now - one.ref.taken_at >= kept.personal


def _add_supplements(held: Collection[Held], reasons: _Reasons) -> None:
    """A supplement is kept exactly while a snapshot of its instant is."""
    supplements = {(one.role, one.ref) for one in held if one.role is Role.SUPPLEMENT}
    instants = {ref.taken_at for (role, ref), why in reasons.items() if why and role is not Role.SUPPLEMENT}
    for role, ref in supplements:
        if ref.taken_at in instants:
            reasons[role, ref].append("a snapshot of its batch is kept")


def _why_not(one: Held, kept: Retention, now: datetime) -> str:
    if one.role is Role.SUPPLEMENT:
        return "no snapshot of its batch is kept"
    if kept.personal is not None and _too_personal(one, kept, now):
        return f"holds personal rows and is older than {spoken(kept.personal)}"
    if one.role is Role.SAFETY:
        return f"safety snapshot older than {spoken(max(kept.daily, kept.every))}"
    return (
        f"older than {spoken(kept.every)}; others stand for every end of an hour, day, week, month, year that is kept"
    )


def _marks(kept: Retention, now: datetime) -> _Marks:
    """The ends of hours, days, … for which what stood then is kept; in order of time."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    hour, month = day.replace(hour=now.astimezone(UTC).hour), day.replace(day=1)
    backwards = {
        "an hour": _while_younger(hour, timedelta(hours=1), kept.hourly, now),
        "a day": _while_younger(day, timedelta(days=1), kept.daily, now),
        "a week": [day - timedelta(days=day.weekday() + 7 * n) for n in range(kept.weekly)],
        "a month": list(_before(month, kept.monthly, lambda end: (end - timedelta(days=1)).replace(day=1))),
        "a year": list(_before(month.replace(month=1), kept.yearly, lambda end: end.replace(year=end.year - 1))),
    }
    return {name: ends[::-1] for name, ends in backwards.items()}


def _while_younger(end: datetime, step: timedelta, reach: timedelta, now: datetime) -> list[datetime]:
    ends = (end - n * step for n in range(reach // step + 1))
    return list(takewhile(lambda mark: now - mark < reach, ends))


def _before(end: datetime, count: int, earlier: Callable[[datetime], datetime]) -> Iterator[datetime]:
    for _ in range(count):
        yield end
        end = earlier(end)


def _age(one: Held) -> str:
    """A snapshot's id begins with its instant."""
    return one.ref.snapshot_id


def _place(one: Kept | Removal) -> tuple[str, str, str, str]:
    """As the references are ordered, for less."""
    scope = one.ref.scope
    return scope.kind.value, scope.id, one.ref.snapshot_id, one.role.value
