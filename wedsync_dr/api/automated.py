"""What runs by itself: told as it is, switched on and off, and schedules that are asked for."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from wedsync_dr.access.roles import Right
from wedsync_dr.api import requested
from wedsync_dr.api.automated_words import (
    Automated,
    Automatic,
    Scheduled,
    ScheduleForm,
    Switch,
    Switched,
    Unscheduled,
    tiers_of,
)
from wedsync_dr.api.by_hand import by_hand
from wedsync_dr.api.caller import Caller, Reader, demand
from wedsync_dr.api.manual import IdempotencyKey
from wedsync_dr.api.problems import Refusal
from wedsync_dr.api.wire import answer, example
from wedsync_dr.errors import SchedulerUnreachable
from wedsync_dr.model import utc_text
from wedsync_dr.schedule.policy import DEFAULT

router = APIRouter(prefix="/api/backup/automated", tags=["schedules"])
Scheduler = Annotated[Caller, Depends(demand(Right.SCHEDULE))]
SENSOR = "requested_schedules"
"""The sensor that carries out what is asked for."""

_AUTOMATIC = {
    "name": "nightly",
    "trigger": "schedule",
    "description": "Every night but Sunday's: what changed, of every scope, at one instant.",
    "jobs": ["snapshot_wave"],
    "enabled": True,
    "cron": "0 2 * * 1-6",
    "timeZone": "UTC",
    "everySeconds": None,
    "nextRuns": ["2026-11-25T02:00:00.000000Z"],
    "lastTick": {"at": "2026-11-24T02:00:00.000000Z", "status": "SUCCESS"},
}
_REQUESTED: dict[str, Any] = {
    "scheduleId": "3f9c1a7be20d4c58",
    "status": "SCHEDULED",
    "organizationId": "7c1e0f4a-0000-4000-8000-00000000000b",
    "cron": "0 3 * * *",
    "timeZone": "Europe/Berlin",
    "backupType": "INCREMENTAL",
    "requestedBy": "token:platform",
    "createdAt": "2026-11-24T09:00:00.000000Z",
    "cancelledAt": None,
    "nextRun": "2026-11-25T02:00:00.000000Z",
    "links": {"jobs": "/api/jobs?scheduleId=3f9c1a7be20d4c58"},
}
_EXAMPLE = {
    "success": True,
    "automations": [_AUTOMATIC],
    "carriedOut": True,
    "schedules": [_REQUESTED],
    "tiers": [tiers_of(DEFAULT)[0].model_dump(mode="json", by_alias=True)],
}


@router.get("", responses=example(_EXAMPLE), summary="What runs by itself, and when next")
def automated(
    caller: Reader,
    organization_id: Annotated[str | None, Query(alias="organizationId", min_length=1, max_length=200)] = None,
) -> Automated:
    """Schedules and sensors as Dagster has them, the schedules that were asked for, and each tier's cadence, objectives
    and retention."""
    organization = caller.vendor(organization_id).id if organization_id else None
    found = [one for one in requested.requested(caller) if organization in (None, one.organization)]
    there = _automations(caller)
    return Automated(
        automations=there,
        carried_out=None if there is None else any(one.name == SENSOR and one.enabled for one in there),
        schedules=[requested.on_the_wire(one, caller) for one in found if not one.cancelled],
        tiers=tiers_of(caller.site.standing.view().health.policy),
    )


def _automations(caller: Caller) -> list[Automatic] | None:
    try:
        return [Automatic.of(one) for one in caller.site.automations.all()]
    except SchedulerUnreachable:
        return None


@router.patch("", responses=example({"success": True, "automation": _AUTOMATIC}), summary="Switch it on or off")
def switch(form: Switch, caller: Scheduler) -> Switched:
    """One of the schedules and sensors that are there for everybody; for those who belong to no organization."""
    caller.require_unbound()
    verb = "start" if form.enabled else "stop"
    command = f"dagster schedule {verb} {form.name}` or `dagster sensor {verb} {form.name}"
    with by_hand(f"Where Dagster runs: `{command}`, with its workspace.yaml."):
        return Switched(automation=Automatic.of(caller.site.automations.switch(form.name, on=form.enabled)))


_SCHEDULED = {
    "success": True,
    "backupId": _REQUESTED["scheduleId"],
    "scheduledAt": _REQUESTED["createdAt"],
    "nextRun": _REQUESTED["nextRun"],
    "priority": "CRITICAL",
    "message": "It runs next at 2026-11-25T02:00:00.000000Z.",
    "schedule": _REQUESTED,
}


@router.post(
    "", status_code=201, responses=answer(201, _SCHEDULED, "It will run."), summary="Have snapshots taken by the clock"
)
def create(form: ScheduleForm, caller: Scheduler, idempotency_key: IdempotencyKey = None) -> Scheduled:
    """Of an organization with the weddings it takes part in, or of everything. What is missed while Dagster is down is
    made up for once. 409 where nothing would carry it out, as its sensor is switched off."""
    message = _require_carried_out(caller)
    schedule = requested.create(form, caller, idempotency_key)
    shown = requested.on_the_wire(schedule, caller)
    return Scheduled(
        backup_id=schedule.id,
        scheduled_at=utc_text(schedule.created),
        next_run=shown.next_run,
        priority=requested.priority_of(schedule, caller),
        message=message or f"It runs next at {shown.next_run}.",
        schedule=shown,
    )


def _require_carried_out(caller: Caller) -> str | None:
    """Raises a refusal where the sensor is off; says so where nobody can tell."""
    try:
        there = {one.name: one.enabled for one in caller.site.automations.all()}
    except SchedulerUnreachable:
        return "It is in the ledger; Dagster does not answer, and will carry it out when it is up again."
    if not there.get(SENSOR):
        remedy = f"Switch {SENSOR} on with PATCH /api/backup/automated, or in Dagster."
        raise Refusal(409, f"Nothing would carry it out: {SENSOR} is switched off.", remedy=remedy, slug="switched-off")
    return None


@router.delete(
    "",
    responses=example({"success": True, "message": "It runs no more.", "schedule": _REQUESTED}),
    summary="Cancel a schedule that was asked for",
)
def cancel(
    caller: Scheduler, schedule_id: Annotated[str, Query(alias="scheduleId", min_length=1, max_length=64)]
) -> Unscheduled:
    """A run of it that is under way goes on; DELETE /api/jobs/{id} stops that."""
    schedule = requested.cancel(caller, schedule_id)
    return Unscheduled(message="It runs no more.", schedule=requested.on_the_wire(schedule, caller))
