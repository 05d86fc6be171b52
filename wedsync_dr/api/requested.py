"""Schedules that were asked for: entries of the ledger, made, found and cancelled for those who may know of them."""

import hashlib
from collections.abc import Iterator
from secrets import token_hex

from wedsync_dr.api.automated_words import CustomForm, Requested, UsualForm
from wedsync_dr.api.caller import Caller
from wedsync_dr.api.manual_form import BackupType
from wedsync_dr.api.problems import Refusal
from wedsync_dr.errors import KeyReused, ScheduleNotFound
from wedsync_dr.model import Kind, ScopeId, utc_text
from wedsync_dr.schedule.cron import parse_cron
from wedsync_dr.schedule.policy import Priority
from wedsync_dr.schedule.requested import CANCELLED, CREATED, USUAL, RequestedSchedule, parse_zone

_MOST = 50
_TIER = "Send no retentionDays; policy.toml has the days of each tier, and docs/runbook.md explains it."


def requested(caller: Caller) -> Iterator[RequestedSchedule]:
    """The schedules that a caller may know of, cancelled ones too, oldest first."""
    for id_, body in list(caller.site.archive.ledger.known().schedules.items()):
        if not caller.bound or (body["organization"] and caller.sees(ScopeId(Kind.VENDOR, body["organization"]))):
            yield RequestedSchedule.of(id_, body)


def the_requested(caller: Caller, schedule_id: str) -> RequestedSchedule:
    """The one that is named and not cancelled. Raises ScheduleNotFound."""
    found = next((one for one in requested(caller) if one.id == schedule_id and not one.cancelled), None)
    if found is None:
        raise ScheduleNotFound("There is no such schedule.", remedy="GET /api/backup/automated lists them.")
    return found


def create(form: UsualForm | CustomForm, caller: Caller, key: str | None) -> RequestedSchedule:
    """Enter a schedule into the ledger, or find the one that the same request made before.

    Raises ScheduleInvalid, KeyReused, and the refusals of what cannot be and of what the caller may not know of.
    """
    body = _body(form, caller)
    schedule_id = _id_of(caller, key)
    if earlier := caller.site.archive.ledger.known().schedules.get(schedule_id):
        if any(earlier.get(name) != value for name, value in body.items()):
            raise KeyReused("This Idempotency-Key made another schedule.", remedy="Send a new key with a new request.")
        return RequestedSchedule.of(schedule_id, earlier)
    live = [one for one in requested(caller) if one.organization == body["organization"] and not one.cancelled]
    if len(live) >= _MOST:
        raise Refusal(409, f"There are {_MOST} schedules of it already.", remedy="Cancel one with DELETE first.")
    entry = caller.site.archive.ledger.append(CREATED, {"schedule": schedule_id, **body}, caller.site.now())
    return RequestedSchedule.of(schedule_id, {**entry.body, "at": entry.at})


def cancel(caller: Caller, schedule_id: str) -> RequestedSchedule:
    """It runs no more. Raises ScheduleNotFound where it did not run any more."""
    the_requested(caller, schedule_id)
    ledger = caller.site.archive.ledger
    ledger.append(CANCELLED, {"schedule": schedule_id, "by": caller.identity.subject}, caller.site.now())
    return RequestedSchedule.of(schedule_id, ledger.known().schedules[schedule_id])


def priority_of(schedule: RequestedSchedule, caller: Caller) -> Priority:
    """That of the most urgent wedding it is about now."""
    view = caller.site.standing.view()
    scopes = [ScopeId(Kind.VENDOR, schedule.organization)] if schedule.organization else list(view.candidates)
    critical = any(
        view.health.policy.of(view.candidates[one].tier).critical for one in scopes if one in view.candidates
    )
    return Priority.CRITICAL if critical else Priority.NORMAL


def on_the_wire(schedule: RequestedSchedule, caller: Caller) -> Requested:
    """As its caller may see it."""
    coming = schedule.next_run(caller.site.now())
    return Requested(
        schedule_id=schedule.id,
        status="CANCELLED" if schedule.cancelled else "SCHEDULED",
        organization_id=schedule.organization,
        cron=schedule.cron.text,
        time_zone=schedule.zone.key,
        backup_type=BackupType(schedule.backup_type),
        requested_by=schedule.by,
        created_at=utc_text(schedule.created),
        cancelled_at=utc_text(schedule.cancelled) if schedule.cancelled else None,
        next_run=utc_text(coming) if coming else None,
        links={"jobs": f"/api/jobs?scheduleId={schedule.id}"},
    )


def _body(form: UsualForm | CustomForm, caller: Caller) -> dict[str, str | None]:
    if form.retention_days is not None:
        raise _cannot("retentionDays", "How long snapshots stay is decided by the tier of each wedding.", _TIER)
    zone = parse_zone(form.timezone or caller.site.settings.time_zone)
    return {
        "cron": parse_cron(form.custom_cron if isinstance(form, CustomForm) else USUAL[form.schedule.value]).text,
        "time_zone": zone.key,
        "organization": _organization(form, caller),
        "backup_type": form.backup_type.value,
        "by": caller.identity.subject,
    }


def _organization(form: UsualForm | CustomForm, caller: Caller) -> str | None:
    if form.organization_id is None:
        caller.require_unbound()
        return None
    organization = caller.vendor(form.organization_id)
    caller.require_existing(organization)
    return organization.id


def _id_of(caller: Caller, key: str | None) -> str:
    """By the key, so that whoever repeats a request means the same schedule."""
    if key is None:
        return token_hex(8)
    return hashlib.sha256(f"{caller.identity.subject}\n{key}".encode()).hexdigest()[:16]


def _cannot(field: str, why: str, remedy: str) -> Refusal:
    return Refusal(422, why, remedy=remedy, slug="not-offered", errors=[{"pointer": f"/body/{field}", "detail": why}])
