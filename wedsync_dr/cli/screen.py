"""What `status` shows: the verdict first, then what needs somebody, then how everything stands."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from wedsync_dr.alerts.alert import Alert, Judgement, Severity
from wedsync_dr.alerts.health import Health, Lane
from wedsync_dr.alerts.message import SHOWN
from wedsync_dr.cli.output import counted, print_table, say, size
from wedsync_dr.model import parse_utc, utc_text
from wedsync_dr.schedule.due import Due, decide, upcoming
from wedsync_dr.schedule.words import spoken
from wedsync_dr.snapshot.batch import began

_COLUMNS = ("", "scopes", "within", "late", "no recovery point", "oldest", "objective")
_NEXT = 3  # of what is due next


def show(health: Health, judged: Judgement) -> None:
    """One screen for people."""
    say(f"{verdict(judged)}   {health.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC")
    for alert in _worst_first(judged):
        say("")
        for line in _lines(alert, health.at):
            say(line)
    if health.lanes:
        say("")
        print_table(_COLUMNS, [_row(lane, health.at) for lane in health.lanes], numbers=_COLUMNS[1:])
    say("")
    for name, text in _facts(health):
        say(f"{name:<10} {text}")


def verdict(judged: Judgement) -> str:
    """The first line."""
    if not judged.alerts:
        return "ALL WELL"
    count = len(judged.alerts)
    return f"{count} THING{' NEEDS' if count == 1 else 'S NEED'} YOU"


def as_json(health: Health, judged: Judgement) -> dict[str, Any]:
    """The same for programs."""
    return {
        "at": utc_text(health.at),
        "well": not judged.alerts,
        "alerts": [_alert_json(alert) for alert in _worst_first(judged)],
        "unknown": sorted(code.value for code in judged.unknown),
        "lanes": [_lane_json(lane, health.at) for lane in health.lanes],
        "running": [{"what": what, "since": utc_text(since)} for what, since in _running(health)],
        "last_drill": health.ledger.drills[-1] if health.ledger and health.ledger.drills else None,
        "verifications": health.ledger.verifications if health.ledger else [],
        "vanished": list(map(str, health.vanished)),
        "holds": sorted(map(str, health.ledger.holds)) if health.ledger else [],
        "snapshots": health.snapshots if health.ledger else None,
        "space": {"total": health.space.total, "free": health.space.free} if health.space else None,
        "due": [_due_json(one) for one in _due(health)[:SHOWN]],
    }


def _worst_first(judged: Judgement) -> list[Alert]:
    return sorted(judged.alerts, key=lambda alert: alert.severity is not Severity.ERROR)


def _lines(alert: Alert, now: datetime) -> Iterator[str]:
    since = f" (for {spoken(now - alert.since)})" if alert.since else ""
    yield f"{alert.severity.value.upper()}: {alert.title}{since}"
    if alert.subjects:
        more = len(alert.subjects) - SHOWN
        yield f"  which: {', '.join(alert.subjects[:SHOWN])}{f' and {more:,} more' if more > 0 else ''}"
    yield f"  what to do: {alert.what_to_do} (docs/runbook.md, {alert.code.value})"


def _row(lane: Lane, now: datetime) -> tuple[str, ...]:
    counts = (lane.scopes, lane.within, len(lane.late), len(lane.unprotected))
    oldest = spoken(now - lane.oldest) if lane.oldest else ""
    return lane.name, *(f"{count:,}" for count in counts), oldest, spoken(lane.objective)


def _facts(health: Health) -> Iterator[tuple[str, str]]:
    if health.ledger is not None:
        running = [f"{what}, for {spoken(health.at - since)}" for what, since in _running(health)]
        yield "running", "; ".join(running[:_NEXT]) + _rest(len(running) - _NEXT) or "nothing"
        yield "drill", _drill(health)
        yield "verified", _verified(health)
        yield "vanished", counted(len(health.vanished), "scope") if health.candidates is not None else "unknown"
        yield "holds", counted(len(health.ledger.holds), "scope")
        yield "snapshots", f"{health.snapshots:,}"
    if health.space:
        yield "space", f"{health.space.used_percent:.0f} % of {size(health.space.total)} used"
    for one in _due(health)[:_NEXT]:
        yield "next", f"{one.scope} {_when(one, health.at)}; {one.reason}"


def _rest(count: int) -> str:
    return f" and {count:,} more" if count > 0 else ""


def _when(one: Due, now: datetime) -> str:
    return "now" if one.due_at <= now else f"in {spoken(one.due_at - now)}"


def _running(health: Health) -> list[tuple[str, datetime]]:
    """Batches that are open and restores that have not ended, the oldest first."""
    if health.ledger is None:
        return []
    batches = [("a batch of snapshots", began(batch)) for batch in health.ledger.open_batches]
    restores = [(f"restore of {scope}", parse_utc(at)) for scope, at in health.ledger.restoring.items()]
    return sorted((*batches, *restores), key=lambda one: one[1])


def _drill(health: Health) -> str:
    drills = health.ledger.drills if health.ledger else []
    if not drills:
        return "never"
    ago = spoken(health.at - parse_utc(drills[-1]["drilled_at"]))
    restored = counted(len(drills[-1].get("results", ())), "recovery point")
    problems = drills[-1]["problems"]
    return f"{ago} ago: {restored}, {counted(len(problems), 'problem') if problems else 'all held'}"


def _verified(health: Health) -> str:
    verified = health.ledger.verifications if health.ledger else []
    whole = [body for body in verified if body["whole"]]
    if not whole:
        return "never as a whole"
    found = sum(sum(body["findings"].values()) for body in verified)
    ago = spoken(health.at - parse_utc(whole[0]["verified_at"]))
    return f"{ago} ago: {counted(whole[0]['checked'], 'snapshot')}, {counted(found, 'finding') if found else 'intact'}"


def _due(health: Health) -> list[Due]:
    if health.candidates is None:
        return []
    pressing = decide(health.candidates, health.policy, health.at)
    return [*pressing, *upcoming(health.candidates, health.policy, health.at)]


def _alert_json(alert: Alert) -> dict[str, Any]:
    return {
        "code": alert.code.value,
        "part": alert.part,
        "severity": alert.severity.value,
        "title": alert.title,
        "subjects": list(alert.subjects),
        "since": utc_text(alert.since) if alert.since else None,
        "what_to_do": alert.what_to_do,
    }


def _lane_json(lane: Lane, now: datetime) -> dict[str, Any]:
    return {
        "kind": lane.kind.value,
        "tier": lane.tier.value if lane.tier else None,
        "scopes": lane.scopes,
        "within": lane.within,
        "late": len(lane.late),
        "unprotected": len(lane.unprotected),
        "oldest_seconds": (now - lane.oldest).total_seconds() if lane.oldest else None,
        "objective_seconds": lane.objective.total_seconds(),
    }


def _due_json(one: Due) -> dict[str, Any]:
    return {"scope": str(one.scope), "due_at": utc_text(one.due_at), "late": one.late, "reason": one.reason}
