"""How everything stands as metrics, in Prometheus' text format. What could not be read has no sample, not a zero."""

from collections.abc import Iterator
from datetime import datetime

from wedsync_dr.alerts.alert import Judgement, Severity
from wedsync_dr.alerts.health import Health, Lane
from wedsync_dr.model import parse_utc

Labels = dict[str, str]
Sample = tuple[Labels, float]
_NONE: Labels = {}


def exposition(health: Health, judged: Judgement) -> str:
    """The whole text, each metric with its help and its type."""
    return "".join(_metric(*one) for one in (*_of_reading(health, judged), *_of_lanes(health), *_of_ledger(health)))


def _metric(name: str, meaning: str, samples: list[Sample]) -> str:
    if not samples:
        return ""
    lines = [f"# HELP wedsync_{name} {meaning}", f"# TYPE wedsync_{name} gauge"]
    lines += [f"wedsync_{name}{_labels(labels)} {value:.15g}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _labels(labels: Labels) -> str:
    pairs = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def _of_reading(health: Health, judged: Judgement) -> Iterator[tuple[str, str, list[Sample]]]:
    severities = [alert.severity for alert in judged.alerts]
    counts: list[Sample] = [({"severity": one.value}, severities.count(one)) for one in Severity]
    read: list[Sample] = [({"what": "vault"}, health.ledger is not None)]
    if health.ledger is not None:
        read.append(({"what": "source"}, health.candidates is not None))
    yield "status_timestamp_seconds", "When this was written.", [(_NONE, health.at.timestamp())]
    yield "alerts", "How many things need somebody.", counts
    yield "readable", "Whether it could be read.", read
    if health.space:
        yield "vault_disk_bytes", "The size of the vault's disk.", [(_NONE, health.space.total)]
        yield "vault_disk_free_bytes", "What is free on the vault's disk.", [(_NONE, health.space.free)]


def _of_lanes(health: Health) -> Iterator[tuple[str, str, list[Sample]]]:
    lanes = [
        ({"kind": lane.kind.value, "tier": lane.tier.value if lane.tier else "none"}, lane) for lane in health.lanes
    ]
    counts = [({**labels, "state": state}, float(count)) for labels, lane in lanes for state, count in _states(lane)]
    oldest = [(labels, (health.at - lane.oldest).total_seconds()) for labels, lane in lanes if lane.oldest]
    objectives = [(labels, lane.objective.total_seconds()) for labels, lane in lanes]
    yield "scopes", "Scopes within their objective, past it (late), and without a recovery point.", counts
    yield "oldest_recovery_point_age_seconds", "Since when the scope known worst was last known to be current.", oldest
    yield "objective_seconds", "How old a recovery point may be.", objectives
    if health.candidates is not None and health.ledger is not None:
        yield "vanished_scopes", "In the vault and not in the source.", [(_NONE, len(health.vanished))]


def _states(lane: Lane) -> tuple[tuple[str, int], ...]:
    return ("within", lane.within), ("late", len(lane.late)), ("unprotected", len(lane.unprotected))


def _of_ledger(health: Health) -> Iterator[tuple[str, str, list[Sample]]]:
    if health.ledger is None:
        return
    yield "snapshots", "Snapshots in the vault, by its ledger.", [(_NONE, health.snapshots)]
    yield "holds", "Scopes of which nothing is removed.", [(_NONE, len(health.ledger.holds))]
    if health.ledger.drills:
        last = health.ledger.drills[-1]
        yield "last_drill_timestamp_seconds", "When the last drill began.", [(_NONE, _stamp(last["drilled_at"]))]
        yield "last_drill_ok", "Whether all of it held.", [(_NONE, not last["problems"])]
    if verified := health.ledger.verifications:
        found = sum(sum(body["findings"].values()) for body in verified)
        last_at = max(parse_utc(body["verified_at"]) for body in verified)
        yield "last_verification_timestamp_seconds", "When the vault was last read.", [(_NONE, _seconds(last_at))]
        yield "findings", "What it and later ones of parts found.", [(_NONE, found)]


def _stamp(text: str) -> float:
    return _seconds(parse_utc(text))


def _seconds(at: datetime) -> float:
    return at.timestamp()
