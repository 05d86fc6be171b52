"""What is to be snapshotted now, in which order, and why. Pure: the same input gives the same answer.

A scope is due when nothing shows that it is current, when its cadence has passed since something did, and at once when
it is known to have changed and its tier is critical. All that is due is in the answer, so nothing waits for ever.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from wedsync_dr.model import Kind, ScopeId, Tier
from wedsync_dr.schedule.policy import URGENCY, Policy, Priority
from wedsync_dr.schedule.tiers import days_until
from wedsync_dr.schedule.words import day_of_wedding, spoken

_FAR = 10**6  # days; behind every wedding that has a date


@dataclass(frozen=True)
class Candidate:
    """A scope of the source as it stands. A vendor has the days of its most urgent booking, a platform table none.

    `current_until` is the last instant at which its newest recovery point was known to be current, None where there is
    none. `changed` None is unknown, and treated as changed. `running_since` is set while a run takes it. `booked` are a
    vendor's weddings.
    """

    scope: ScopeId
    tier: Tier | None
    date: dt.date | None = None
    zone: dt.tzinfo = dt.UTC
    current_until: dt.datetime | None = None
    changed: bool | None = None
    changed_since: dt.datetime | None = None
    running_since: dt.datetime | None = None
    estimated_bytes: int = 0
    risk: float = 0.0
    end_date: dt.date | None = None
    booked: tuple[ScopeId, ...] = ()


@dataclass(frozen=True)
class Due:
    """A scope to snapshot, by when, and why. `late`: its objective is missed already or cannot be met in time."""

    scope: ScopeId
    tier: Tier | None
    priority: Priority
    run_priority: int
    due_at: dt.datetime
    deadline: dt.datetime
    late: bool
    reason: str


def decide(
    candidates: Sequence[Candidate], policy: Policy, now: dt.datetime, *, bytes_per_second: float | None = None
) -> tuple[Due, ...]:
    """What is due, the most urgent first; a scope that a run is taking is not due again.

    With the rate at which runs get through, what cannot be done before its deadline in this order is late as well.
    """
    waiting = [one for one in candidates if one.running_since is None and due_at(one, policy, now) <= now]
    ordered = sorted(waiting, key=lambda one: _urgency(one, policy, now))
    ahead = sum(one.estimated_bytes for one in candidates if one.running_since is not None)
    return tuple(_in_turn(ordered, policy, now, ahead, bytes_per_second))


def upcoming(candidates: Iterable[Candidate], policy: Policy, now: dt.datetime) -> tuple[Due, ...]:
    """What is not due yet and not being taken, the next one first."""
    later = [_due(one, policy, now) for one in candidates if one.running_since is None]
    return tuple(
        sorted(
            (due for due in later if due.due_at > now), key=lambda due: (due.due_at, due.scope.kind.value, due.scope.id)
        )
    )


def deadline(one: Candidate, policy: Policy, now: dt.datetime) -> dt.datetime:
    """When the objective is missed: when the oldest change that no recovery point holds is as old as may be
    lost; without any recovery point, now.
    """
    since = one.current_until
    if one.changed is not False and one.changed_since is not None:
        since = max(one.changed_since, since) if since else one.changed_since
    return now if since is None else since + policy.of(one.tier).rpo


def _in_turn(
    ordered: Iterable[Candidate], policy: Policy, now: dt.datetime, ahead: int, rate: float | None
) -> Iterator[Due]:
    for one in ordered:
        due = _due(one, policy, now)
        ahead += one.estimated_bytes
        too_slow = rate is not None and not due.late and ahead > rate * (due.deadline - now).total_seconds()
        yield replace(due, late=True, reason=f"{due.reason}, not to be met in time") if too_slow else due


def _due(one: Candidate, policy: Policy, now: dt.datetime) -> Due:
    numbers, latest = policy.of(one.tier), deadline(one, policy, now)
    missed = f", missed {spoken(now - latest)} ago" if latest < now else ""
    reason = f"{_when(one, now)}; {_why(one, now)}; objective {spoken(numbers.rpo)}{missed}"
    due = due_at(one, policy, now)
    late = latest <= now
    return Due(one.scope, one.tier, numbers.priority, numbers.run_priority, due, latest, late, reason)


def due_at(one: Candidate, policy: Policy, now: dt.datetime) -> dt.datetime:
    """From when on a scope is due."""
    numbers = policy.of(one.tier)
    if one.current_until is None or (one.changed and numbers.critical):
        return now
    return one.current_until + numbers.cadence


def _urgency(one: Candidate, policy: Policy, now: dt.datetime) -> tuple[int, bool, dt.datetime, int, float, ScopeId]:
    """By tier; then what has no recovery point; then by deadline; then by the wedding's day; then by risk."""
    latest, nearness = deadline(one, policy, now), abs(_days(one, now))
    return _rank(one.tier), one.current_until is not None, latest, nearness, -one.risk, one.scope


def _rank(tier: Tier | None) -> int:
    return URGENCY.index(tier or Tier.NORMAL)


def _days(one: Candidate, now: dt.datetime) -> int:
    return days_until(one.date, one.end_date, now.astimezone(one.zone).date()) if one.date else _FAR


def _when(one: Candidate, now: dt.datetime) -> str:
    if one.scope.kind is Kind.PLATFORM:
        return "platform table"
    when = day_of_wedding(one.date, one.end_date, now.astimezone(one.zone).date())
    if one.scope.kind is Kind.WEDDING:
        return when
    return f"booked {when}" if one.date else "no booking" if one.tier is Tier.NORMAL else "booked without a date"


def _why(one: Candidate, now: dt.datetime) -> str:
    if one.current_until is None:
        return "no recovery point yet"
    ago = spoken(now - one.current_until)
    if one.changed is None:
        return f"last known current {ago} ago"
    if not one.changed:
        return f"unchanged, last proven {ago} ago"
    if one.changed_since is not None:
        return f"changed {spoken(now - one.changed_since)} ago"
    return f"changed in the last {ago}"
