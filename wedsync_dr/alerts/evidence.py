"""What the last drills and verifications leave to be desired, and who went alone. Pure; reads what the ledger says."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from wedsync_dr.alerts.alert import Alert, AlertCode, Severity
from wedsync_dr.alerts.health import Health
from wedsync_dr.approval.standing import Standing, standings_in
from wedsync_dr.drill.standing import KEPT, NIGHTLY, proofs
from wedsync_dr.model import parse_utc
from wedsync_dr.schedule.policy import URGENCY
from wedsync_dr.schedule.words import spoken

VERIFIED_EVERY = timedelta(days=8)
"""How long the last reading of the whole vault counts: a week and a day."""
ALONE_TOLD = timedelta(hours=24)
"""How long it is told that somebody went alone, where nobody acknowledges it."""
_DRILL = "Launch restore_drill in Dagster, or run `wedsync-dr drill`."
_VERIFY = "Launch `evidence` in Dagster, or run `wedsync-dr verify`."


def of_drills(health: Health) -> Iterator[Alert]:
    """A drill that found something, none for a night, and tiers that no drill has restored lately."""
    drills = health.ledger.drills if health.ledger else []
    proven = proofs(drills, health.wedding_tiers, health.at)
    if drills and drills[-1]["problems"]:
        yield _failed(drills[-1], proven.last)
    if health.candidates is None:
        return
    if proven.last is None:
        yield Alert(AlertCode.DRILL_MISSING, Severity.WARNING, "No drill has ever run.", _DRILL, part="last")
    elif health.at - proven.last > NIGHTLY:
        title = f"The last drill was {spoken(health.at - proven.last)} ago."
        yield Alert(AlertCode.DRILL_MISSING, Severity.WARNING, title, _DRILL, part="last", since=proven.last)
    restored = {one.tier for one in proven.tiers}
    if proven.last and (lacking := [tier.value for tier in URGENCY if tier in health.wedding_tiers - restored]):
        title = f"No drill of the last {KEPT.days} days restored a wedding of: {', '.join(lacking)}."
        yield Alert(AlertCode.DRILL_MISSING, Severity.WARNING, title, _DRILL, part="tiers")


def _failed(drill: Mapping[str, Any], at: datetime | None) -> Alert:
    problems = drill["problems"]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    failed = [f"{one['kind']}/{one['scope_id']}" for one in drill.get("results", ()) if one.get("problem")]
    return Alert(
        AlertCode.DRILL_FAILED,
        Severity.ERROR,
        f"The last drill failed: {problems[0]}{more}",
        "`wedsync-dr ledger list --json` has all of it; docs/runbook.md, `wedsync-dr drill`. Mend it and drill again.",
        subjects=tuple(failed),
        since=at,
    )


def of_verifications(health: Health) -> Iterator[Alert]:
    """Findings of the last verification of the whole vault and of parts since, and none for a week."""
    verified = health.ledger.verifications if health.ledger else []
    found: Counter[str] = Counter()
    for body in verified:
        found.update(body["findings"])
    if found:
        scopes = dict.fromkeys(scope for body in verified for scope in body["scopes"])
        codes = ", ".join(f"{code} ({count:,})" for code, count in sorted(found.items()))
        yield Alert(
            AlertCode.VERIFICATION_FINDINGS,
            Severity.ERROR,
            f"Verification found damage in the vault: {codes}.",
            "docs/runbook.md has a heading for each finding; `wedsync-dr verify` names the objects. Restores use the "
            "newest intact recovery point.",
            subjects=tuple(scopes),
            since=parse_utc(next(body["verified_at"] for body in verified if body["findings"])),
        )
    whole = parse_utc(verified[0]["verified_at"]) if verified and verified[0]["whole"] else None
    if whole is None:
        title = "The whole vault was never verified."
        yield Alert(AlertCode.VERIFICATION_MISSING, Severity.WARNING, title, _VERIFY)
    elif health.at - whole > VERIFIED_EVERY:
        title = f"The whole vault was last verified {spoken(health.at - whole)} ago."
        yield Alert(AlertCode.VERIFICATION_MISSING, Severity.WARNING, title, _VERIFY, since=whole)


def of_going_alone(health: Health) -> Iterator[Alert]:
    """Emergencies in which one responder went without a second person, until another one has seen it, or for a day."""
    for request_id, one in standings_in(health.ledger).items() if health.ledger else ():
        if one.alone and one.alone.seen_by is None and health.at - one.alone.at < ALONE_TOLD:
            yield _alone(request_id, one)


def _alone(request_id: str, one: Standing) -> Alert:
    touched, scope = one.request.asked.preview, one.request.asked.scope
    counts = f"{touched.inserted:,} rows to insert, {touched.updated:,} to update, {touched.deleted:,} to delete"
    return Alert(
        AlertCode.RESTORE_ALONE,
        Severity.ERROR,
        f"Somebody went alone in an emergency on {one.request.asked.name} ({one.request.asked.mode}): {counts}.",
        f"See who and why: `wedsync-dr approvals`. Then, as another person: `wedsync-dr approvals acknowledge "
        f"{request_id}`.",
        part=request_id,
        subjects=(str(scope),) if scope else (),
        since=one.alone.at if one.alone else None,
    )
