"""What the drills in the ledger prove now. Pure: entries and the hour go in."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from wedsync_dr.model import Tier, parse_utc
from wedsync_dr.schedule.tiers import URGENCY

NIGHTLY = timedelta(hours=36)
"""A night may be missed by some hours, not by a whole one."""
KEPT = timedelta(days=8)
"""How long a tier's last restore counts: a week of nights draws every tier."""


@dataclass(frozen=True)
class TierProof:
    """The last restore of a recovery point of a tier; `seconds` against `target_seconds`, its RTO."""

    tier: Tier
    at: datetime
    scope: str
    snapshot_id: str
    seconds: float
    target_seconds: float
    equal: bool


@dataclass(frozen=True)
class Proofs:
    """Per tier the last restore, and everything that is wrong: (what, what to do)."""

    tiers: tuple[TierProof, ...]
    drills: int
    last: datetime | None
    problems: tuple[tuple[str, str], ...]


def proofs(drills: Sequence[Mapping[str, Any]], tiers: Collection[Tier], now: datetime) -> Proofs:
    """What the drills of the last days prove of the tiers that the platform has. No drill is no proof."""
    recent = [one for one in drills if now - _at(one) <= KEPT]
    last: dict[Tier, TierProof] = {}
    for drill in recent:
        for line in drill.get("results", ()):
            if line["kind"] == "wedding" and line["tier"]:
                last[Tier(line["tier"])] = _proof(line, _at(drill))
    newest = max((_at(one) for one in drills), default=None)
    found = tuple(last[tier] for tier in URGENCY if tier in last)
    return Proofs(found, len(recent), newest, tuple(_problems(recent, tiers, last, newest, now)))


def _problems(
    recent: Sequence[Mapping[str, Any]],
    tiers: Collection[Tier],
    last: Mapping[Tier, TierProof],
    newest: datetime | None,
    now: datetime,
) -> list[tuple[str, str]]:
    launch = "Launch restore_drill, or run `wedsync-dr drill`; look at the run that failed."
    if newest is None:
        return [("No drill has ever run.", launch)]
    found = []
    if now - newest > NIGHTLY:
        found.append((f"The last drill was {(now - newest).total_seconds() / 3600:.0f} hours ago.", launch))
    if recent:
        found += [(str(problem), "docs/runbook.md, `wedsync-dr drill`.") for problem in recent[-1]["problems"]]
    found += [
        (f"No recovery point of the tier {tier.value} was restored in the last {KEPT.days} days.", launch)
        for tier in URGENCY
        if tier in tiers and tier not in last
    ]
    return found


def _proof(line: Mapping[str, Any], at: datetime) -> TierProof:
    scope = f"{line['kind']}/{line['scope_id']}"
    return TierProof(
        Tier(line["tier"]), at, scope, line["snapshot_id"], line["seconds"], line["target_seconds"], line["equal"]
    )


def _at(drill: Mapping[str, Any]) -> datetime:
    return parse_utc(drill["drilled_at"])
