"""What is wrong now, judged from what was seen. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from wedsync_dr.alerts import evidence
from wedsync_dr.alerts.alert import Alert, AlertCode, Judgement, Severity
from wedsync_dr.alerts.health import Health, Lane
from wedsync_dr.alerts.space import ALMOST_FULL, WHAT_TO_DO
from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.model import Kind, ScopeId, Tier, parse_utc
from wedsync_dr.schedule.words import spoken

_NEEDS_SOURCE = frozenset({
    AlertCode.NOTHING_PROTECTED, AlertCode.UNPROTECTED, AlertCode.OBJECTIVE_MISSED, AlertCode.VANISHED,
    AlertCode.DRILL_MISSING,
})  # fmt: skip
_NEEDS_VAULT = _NEEDS_SOURCE | {
    AlertCode.SOURCE_UNREADABLE, AlertCode.DRILL_FAILED, AlertCode.VERIFICATION_FINDINGS,
    AlertCode.VERIFICATION_MISSING, AlertCode.CHANNEL_FAILED, AlertCode.RESTORE_ALONE,
}  # fmt: skip
_NOUNS = {Kind.WEDDING: "wedding", Kind.VENDOR: "vendor", Kind.PLATFORM: "platform table"}


def judge(health: Health) -> Judgement:
    """Everything that needs somebody. Where a read failed, that is an alert, and what it would have told is unknown."""
    alerts = tuple(_alerts(health))
    if health.vault_fault:
        return Judgement(alerts, _NEEDS_VAULT)
    return Judgement(alerts, _NEEDS_SOURCE if health.source_fault else frozenset())


def _alerts(health: Health) -> Iterator[Alert]:
    yield from _faults(health)
    if health.ledger is not None:
        yield from _protection(health)
        yield from evidence.of_drills(health)
        yield from evidence.of_verifications(health)
        yield from evidence.of_going_alone(health)
        yield from _channels(health)
    yield from _space(health)


def _faults(health: Health) -> Iterator[Alert]:
    if health.source_fault:
        yield _fault(AlertCode.SOURCE_UNREADABLE, "The source cannot be read", health.source_fault)
    if health.vault_fault:
        yield _fault(AlertCode.VAULT_UNREADABLE, "The vault or its keyring cannot be read", health.vault_fault)


def _fault(code: AlertCode, what: str, error: DisasterRecoveryError) -> Alert:
    return Alert(code, Severity.ERROR, f"{what}: {error}", error.remedy)


def _protection(health: Health) -> Iterator[Alert]:
    if health.snapshots == 0:
        yield Alert(
            AlertCode.NOTHING_PROTECTED, Severity.ERROR, "The vault has no snapshot at all.",
            "Take them: `wedsync-dr snapshot --all`. If there were some, see that WEDSYNC_VAULT_URL is right.",
            part="snapshots",
        )  # fmt: skip
    if health.candidates is not None and not health.wedding_tiers:
        yield Alert(
            AlertCode.NOTHING_PROTECTED, Severity.ERROR, "The source has no wedding at all.",
            "See that WEDSYNC_SOURCE_URL names the right database, and [roots] of the rules the right tables.",
            part="weddings",
        )  # fmt: skip
    for alert in of_lanes(health.lanes, health.at):
        if health.snapshots or alert.code is not AlertCode.UNPROTECTED:
            yield alert
    for kind in _NOUNS:
        if gone := [scope for scope in health.vanished if scope.kind is kind]:
            yield _vanished(kind, gone, health)


def of_lanes(lanes: Iterable[Lane], now: datetime) -> Iterator[Alert]:
    """What is wrong with scopes of lanes: no recovery point, or an objective missed."""
    for lane in lanes:
        if lane.unprotected:
            yield _unprotected(lane)
        if lane.late:
            yield _missed(lane, now)


def _unprotected(lane: Lane) -> Alert:
    return Alert(
        AlertCode.UNPROTECTED,
        _urgency(lane.tier),
        f"{_counted(len(lane.unprotected), lane)} without any recovery point; objective {spoken(lane.objective)}.",
        "See in Dagster why no run took them, or take them now: `wedsync-dr snapshot` with their ids.",
        part=_part(lane),
        subjects=_ids(lane.unprotected),
        patience=lane.objective,
    )


def _missed(lane: Lane, now: datetime) -> Alert:
    latest = f"; the longest for {spoken(now - lane.missed_since)}" if lane.missed_since else ""
    return Alert(
        AlertCode.OBJECTIVE_MISSED,
        _urgency(lane.tier),
        f"{_counted(len(lane.late), lane)} past the objective of {spoken(lane.objective)}{latest}.",
        "See that Dagster's daemon runs and why runs fail, or take them now: `wedsync-dr snapshot` with their ids.",
        part=_part(lane),
        subjects=_ids(lane.late),
        since=lane.missed_since,
    )


def _vanished(kind: Kind, gone: list[ScopeId], health: Health) -> Alert:
    seen = [health.ledger.current[scope] for scope in gone if scope in health.ledger.current] if health.ledger else []
    noun = _NOUNS[kind] + ("" if len(gone) == 1 else "s")
    return Alert(
        AlertCode.VANISHED,
        Severity.ERROR if kind is Kind.WEDDING else Severity.WARNING,
        f"{len(gone):,} {noun} in the vault and not in the source any more; the snapshots stay.",
        f"Ask whether that was meant. If not: `wedsync-dr restore --{kind.value}` with the id brings it back.",
        part=kind.value,
        subjects=_ids(gone),
        since=parse_utc(min(seen)) if seen else None,
    )


def _channels(health: Health) -> Iterator[Alert]:
    mute = health.ledger.mute_channels if health.ledger else {}
    for name in sorted(mute.keys() & set(health.channels)):
        yield Alert(
            AlertCode.CHANNEL_FAILED,
            Severity.WARNING,
            f"The channel {name} does not take alerts: {mute[name]['why']}",
            "Try it with `wedsync-dr alerts --test`, and correct WEDSYNC_ALERTS.",
            part=name,
            since=parse_utc(mute[name]["at"]),
        )


def _space(health: Health) -> Iterator[Alert]:
    if health.space is None or health.space.used_percent < health.space_warn:
        return
    full = health.space.used_percent >= ALMOST_FULL
    yield Alert(
        AlertCode.VAULT_SPACE,
        Severity.ERROR if full else Severity.WARNING,
        f"The disk of the vault is {health.space}.",
        WHAT_TO_DO,
    )


def _urgency(tier: Tier | None) -> Severity:
    return Severity.WARNING if tier in (Tier.NORMAL, Tier.SETTLED) else Severity.ERROR


def _counted(count: int, lane: Lane) -> str:
    noun = _NOUNS[lane.kind] + ("" if count == 1 else "s")
    tier = f" ({lane.tier.value})" if lane.tier else ""
    return f"{count:,} {noun}{tier}"


def _part(lane: Lane) -> str:
    return f"{lane.kind.value}.{lane.tier.value if lane.tier else ''}"


def _ids(scopes: list[ScopeId] | tuple[ScopeId, ...]) -> tuple[str, ...]:
    return tuple(map(str, scopes))
