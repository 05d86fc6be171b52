"""The words of a status on the wire, and how they are found: targets beside what was achieved."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from wedsync_dr.alerts.alert import Alert
from wedsync_dr.alerts.health import Lane
from wedsync_dr.api.backup_id import backup_id
from wedsync_dr.api.listing import Entry, place_of
from wedsync_dr.api.manifests import Manifests
from wedsync_dr.api.status_system import SystemStatus, system_status
from wedsync_dr.api.view import STALE, Part, View
from wedsync_dr.api.wire import Wire
from wedsync_dr.drill.standing import TierProof, proofs
from wedsync_dr.model import Kind, Manifest, RowClass, Tier, utc_text
from wedsync_dr.schedule.due import Candidate, deadline
from wedsync_dr.vault.vault import SnapshotRef

_SHOWN = 20  # subjects of an alert
_SCOPES = 200  # of a detailed answer
_ADDED_UP = 500  # snapshots
_CRITICAL = (Tier.DAY_OF, Tier.IMMINENT, Tier.CRITICAL)
Verdict = Literal["well", "attention", "unknown"]


class Attention(Wire):
    """Something that needs somebody; docs/runbook.md has a heading for each code."""

    code: str
    severity: str
    title: str
    what_to_do: str
    subjects: list[str]
    since: str | None


class TierStatus(Wire):
    """The scopes of a kind and tier: targets beside what was achieved, in seconds. Null: nothing was achieved yet."""

    kind: Kind
    tier: Tier | None
    scopes: int
    within: int
    late: int
    unprotected: int
    rpo_target_seconds: float
    rpo_achieved_seconds: float | None
    rto_target_seconds: float
    rto_achieved_seconds: float | None
    rto_proven_at: str | None


class SealedPart(Wire):
    """A sealed object of a snapshot."""

    name: str
    row_class: RowClass
    bytes: int
    rows: int
    sha256: str


class Backup(Wire):
    """A snapshot. `status` COMPLETED: its manifest is there and signed; FAILED: it is not."""

    backup_id: str
    kind: Kind
    scope_id: str
    status: Literal["COMPLETED", "FAILED"]
    progress: int
    start_time: str
    end_time: str | None
    file_size: int | None
    record_count: int | None
    objects: list[SealedPart] | None = None


class ScopeStatus(Wire):
    """A scope of a detailed answer."""

    kind: Kind
    scope_id: str
    tier: Tier | None
    state: Literal["within", "late", "unprotected"]
    current_until: str | None
    objective_missed_at: str | None
    newest_backup_id: str | None


class Overview(Wire):
    """Some scopes in short. The ledger counts failures a batch and not a scope, so `failedBackups` is null. What could
    not be read is null and not 0.
    """

    total_backups: int | None
    successful_backups: int | None
    failed_backups: int | None
    last_backup: str | None
    next_scheduled_backup: str | None
    storage_used: int | None
    weddings: int | None
    critical_weddings: int | None
    protected_weddings: int | None
    scopes: list[ScopeStatus] | None = None


class Status(Wire):
    """How the backups stood at `asOf`."""

    success: bool = True
    as_of: str
    verdict: Verdict
    attention: list[Attention]
    tiers: list[TierStatus]
    backup: Backup | None = None
    overview: Overview | None = None
    system_status: SystemStatus | None = None


def of_part(part: Part, now: datetime, overview: Overview | None = None) -> Status:
    """The status of some scopes."""
    return aged(_status(part, part.alerts, overview), part.view, now)


def of_whole(view: View, *, detailed: bool) -> Status:
    """The status of everything when it was looked at: what `wedsync-dr status` shows."""
    answer = _status(view.whole, view.judged.alerts, _whole_overview(view, detailed=detailed))
    return answer.model_copy(update={"system_status": system_status(view)})


def aged(answer: Status, view: View, now: datetime) -> Status:
    """The same, said now: an old look tells nothing of now."""
    return answer.model_copy(update={"verdict": "unknown"}) if now - view.health.at > STALE else answer


def _status(part: Part, alerts: Sequence[Alert], overview: Overview | None) -> Status:
    return Status(
        as_of=utc_text(part.view.health.at),
        verdict=_verdict(part, alerts),
        attention=[_attention(one) for one in alerts],
        tiers=_tiers(part),
        overview=overview,
    )


def _verdict(part: Part, alerts: Sequence[Alert]) -> Verdict:
    """All of nothing is not well."""
    if part.view.blind or not (part.candidates or alerts):
        return "unknown"
    return "attention" if alerts else "well"


def backup(ref: SnapshotRef, manifest: Manifest | None, *, detailed: bool) -> Backup:
    """One snapshot; with its objects where they are asked for."""
    parts = [
        SealedPart(name=one.name, row_class=one.row_class, bytes=one.bytes, rows=one.rows, sha256=one.sha256)
        for one in (manifest.objects if manifest else ())
    ]
    at = utc_text(ref.taken_at)
    return Backup(
        backup_id=backup_id(ref.scope, ref.snapshot_id),
        kind=ref.scope.kind,
        scope_id=ref.scope.id,
        status="COMPLETED" if manifest else "FAILED",
        progress=100 if manifest else 0,
        start_time=at,
        end_time=at if manifest else None,
        file_size=manifest.bytes if manifest else None,
        record_count=manifest.rows if manifest else None,
        objects=parts if detailed else None,
    )


def _attention(alert: Alert) -> Attention:
    return Attention(
        code=alert.code.value,
        severity=alert.severity.value,
        title=alert.title,
        what_to_do=alert.what_to_do,
        subjects=list(alert.subjects[:_SHOWN]),
        since=utc_text(alert.since) if alert.since else None,
    )


def _tiers(part: Part) -> list[TierStatus]:
    health = part.health
    drills = health.ledger.drills if health.ledger else []
    proven = {one.tier: one for one in proofs(drills, (), health.at).tiers}
    return [_tier(part, lane, proven.get(lane.tier) if lane.tier else None) for lane in health.lanes]


def _tier(part: Part, lane: Lane, proof: TierProof | None) -> TierStatus:
    health = part.view.health
    weddings = lane.kind is Kind.WEDDING
    return TierStatus(
        kind=lane.kind,
        tier=lane.tier,
        scopes=lane.scopes,
        within=lane.within,
        late=len(lane.late),
        unprotected=len(lane.unprotected),
        rpo_target_seconds=lane.objective.total_seconds(),
        rpo_achieved_seconds=(health.at - lane.oldest).total_seconds() if lane.oldest else None,
        rto_target_seconds=health.policy.of(lane.tier).rto.total_seconds(),
        rto_achieved_seconds=proof.seconds if proof and weddings else None,
        rto_proven_at=utc_text(proof.at) if proof and weddings else None,
    )


def overview(part: Part, manifests: Manifests, *, detailed: bool) -> Overview:
    """Some scopes in short. How much they store is told of up to 500 snapshots."""
    entries = part.view.listing.of(part.asked)
    return Overview(
        **_counts(part, len(entries)),
        last_backup=_taken(entries[-1]) if entries else None,
        next_scheduled_backup=_text(part.next_due),
        storage_used=_stored(entries, manifests) if len(entries) <= _ADDED_UP else None,
        scopes=_scopes(part) if detailed else None,
    )


def _whole_overview(view: View, *, detailed: bool) -> Overview:
    """Everything in short."""
    entries = view.listing.everything()
    return Overview(
        **_counts(view.whole, len(entries)),
        last_backup=_taken(entries[-1]) if entries else None,
        next_scheduled_backup=_text(view.next_due),
        storage_used=None,
        scopes=_scopes(view.whole) if detailed else None,
    )


def _counts(part: Part, listed: int) -> dict[str, Any]:
    snapshots = None if part.health.ledger is None else listed
    return {"total_backups": snapshots, "successful_backups": snapshots, "failed_backups": None} | _weddings(part)


def _weddings(part: Part) -> dict[str, int | None]:
    if part.view.health.candidates is None:
        return dict.fromkeys(("weddings", "critical_weddings", "protected_weddings"))
    return {
        "weddings": len(part.weddings()),
        "critical_weddings": len(part.weddings(*_CRITICAL)),
        "protected_weddings": sum(one.current_until is not None for one in part.weddings()),
    }


def _stored(entries: Sequence[Entry], manifests: Manifests) -> int:
    found = (manifests.get(*place_of(entry)) for entry in entries)
    return sum(manifest.bytes for manifest in found if manifest)


def _taken(entry: Entry) -> str:
    scope, snapshot_id = place_of(entry)
    return utc_text(SnapshotRef(scope, snapshot_id).taken_at)


def _text(moment: datetime | None) -> str | None:
    return utc_text(moment) if moment else None


def _scopes(part: Part) -> list[ScopeStatus]:
    """The worst first: without a recovery point, then by how long the objective has been missed or will be kept."""
    health = part.view.health

    def missed(one: Candidate) -> datetime:
        return deadline(one, health.policy, health.at)

    worst = sorted(part.candidates, key=lambda one: (one.current_until is not None, missed(one), one.scope))
    return [_scope(part, one, missed(one)) for one in worst[:_SCOPES]]


def _scope(part: Part, one: Candidate, missed_at: datetime) -> ScopeStatus:
    known = part.view.listing.by_scope.get(one.scope)
    late: Literal["late", "within"] = "late" if missed_at <= part.view.health.at else "within"
    return ScopeStatus(
        kind=one.scope.kind,
        scope_id=one.scope.id,
        tier=one.tier,
        state=late if one.current_until else "unprotected",
        current_until=utc_text(one.current_until) if one.current_until else None,
        objective_missed_at=utc_text(missed_at) if one.current_until else None,
        newest_backup_id=backup_id(one.scope, max(known)) if known else None,
    )
