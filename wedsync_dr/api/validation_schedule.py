"""Having snapshots verified by the clock: what is asked for is held against what runs already."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends

from wedsync_dr.access.roles import Right
from wedsync_dr.api.automated_words import Cadence
from wedsync_dr.api.automations import Automation
from wedsync_dr.api.by_hand import by_command, by_hand
from wedsync_dr.api.caller import Caller, demand
from wedsync_dr.api.manual_form import Id
from wedsync_dr.api.problems import Refusal
from wedsync_dr.api.wire import Asked, Wire, example
from wedsync_dr.model import utc_text

router = APIRouter(prefix="/api/backup/validation", tags=["validation"])
Verifier = Annotated[Caller, Depends(demand(Right.VERIFY))]
NIGHTLY = "nightly_evidence"
"""The schedule that reads and checks every snapshot every night."""


class ValidationScheduleForm(Asked):
    """How often an organization's snapshots are to be verified; without one, everybody's."""

    organization_id: Id | None = None
    validation_schedule: Literal[Cadence.DAILY, Cadence.WEEKLY, Cadence.MONTHLY]


class ScheduledValidation(Wire):
    """Whether it is verified at least that often, and when next."""

    scheduled: bool
    next_run: str | None
    carried_out_by: str


class ValidationScheduled(Wire):
    """It is verified at least as often as was asked for."""

    success: bool = True
    scheduled_validation: ScheduledValidation
    message: str


_EXAMPLE = {
    "success": True,
    "scheduledValidation": {
        "scheduled": True,
        "nextRun": "2026-11-25T04:00:00.000000Z",
        "carriedOutBy": NIGHTLY,
    },
    "message": "Every snapshot is read and checked each night, which is at least WEEKLY.",
}


@router.put("", responses=example(_EXAMPLE), summary="Have snapshots verified by the clock")
def schedule(form: ValidationScheduleForm, caller: Verifier) -> ValidationScheduled:
    """Every snapshot of everybody is verified each night, so nothing is added for an organization; 409 where that
    schedule is switched off."""
    if form.organization_id:
        caller.require_existing(caller.vendor(form.organization_id))
    with by_hand(by_command("wedsync-dr verify")):
        found = next((one for one in caller.site.automations.all() if one.name == NIGHTLY), None)
    running = _require_on(found)
    coming = utc_text(running.next_runs[0]) if running.next_runs else None
    return ValidationScheduled(
        scheduled_validation=ScheduledValidation(scheduled=True, next_run=coming, carried_out_by=NIGHTLY),
        message=f"Every snapshot is read and checked each night, which is at least {form.validation_schedule.value}.",
    )


def _require_on(found: Automation | None) -> Automation:
    if found is None or not found.enabled:
        remedy = f"Switch {NIGHTLY} on with PATCH /api/backup/automated, or in Dagster."
        raise Refusal(409, f"Nothing verifies by the clock: {NIGHTLY} is off.", remedy=remedy, slug="switched-off")
    return found
