"""From what the ledger says of a request, and Dagster of its run, to a restore as its caller may see it."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from wedsync_dr.api.backup_id import backup_id
from wedsync_dr.api.caller import Caller
from wedsync_dr.api.restore_words import (
    Approval,
    Restore,
    RestoreError,
    RestorePreview,
    RestoreResult,
    RestoreStatus,
    TouchedTable,
    WentAlone,
)
from wedsync_dr.api.runs import Run, RunFailure, RunStatus
from wedsync_dr.approval.standing import Alone, Phase, Standing
from wedsync_dr.errors import SchedulerUnreachable
from wedsync_dr.model import SCHEMA, utc_text
from wedsync_dr.restore.waves import ROWS_A_SECOND

RESTORE = "wedsync/restore"
"""The tag that names the restore which a run carries out."""
_START = timedelta(seconds=30)  # until a run of Dagster is at work
_WRITING = ("safety_snapshot", "apply", "confirm", "rebuild_platform")
_ENDED = {Phase.REFUSED: RestoreStatus.CANCELLED, Phase.WITHDRAWN: RestoreStatus.CANCELLED,
          Phase.EXPIRED: RestoreStatus.CANCELLED, Phase.RESTORED: RestoreStatus.COMPLETED}  # fmt: skip
_OF_RUN = {RunStatus.CANCELLING: RestoreStatus.CANCELLING, RunStatus.COMPLETED: RestoreStatus.COMPLETED,
           RunStatus.FAILED: RestoreStatus.FAILED, RunStatus.CANCELLED: RestoreStatus.CANCELLED}  # fmt: skip
_SAID = {
    Phase.APPROVED: "It is approved; apply it.",
    Phase.REFUSED: "It was refused.",
    Phase.WITHDRAWN: "It was withdrawn.",
    Phase.EXPIRED: "Its plan has expired; ask again.",
    Phase.USED: "It is being carried out.",
    Phase.RESTORED: "It is done and verified.",
}


def run_of(caller: Caller, restore_id: str) -> Run | None:
    """The newest run of a restore, with the step that it is at. Raises SchedulerUnreachable."""
    runs = caller.site.runs
    found = runs.find(tags={RESTORE: restore_id}, limit=1)
    return (runs.run(found[0].run_id) or found[0]) if found else None


def view_of(caller: Caller, one: Standing, *, look: bool = True) -> Restore:
    """A restore as it stands. With `look`, Dagster is asked how its run does; where that is down the ledger tells."""
    if not look:
        return _view(caller, one, None, None, "ledger")
    try:
        run = run_of(caller, one.request.id)
        failed = run is not None and run.status is RunStatus.FAILED
        failure = caller.site.runs.failure(run.run_id) if run and failed else None
    except SchedulerUnreachable:
        return _view(caller, one, None, None, "ledger")
    return _view(caller, one, run, failure, "dagster")


def _view(caller: Caller, one: Standing, run: Run | None, failure: RunFailure | None, known_from: str) -> Restore:
    request, asked, now = one.request, one.request.asked, caller.site.now()
    restore_id, preview = request.id, asked.preview
    return Restore(
        restore_id=restore_id,
        status=_status(one, run, now),
        priority="CRITICAL" if request.emergency else "NORMAL",
        backup_id=backup_id(asked.scope or SCHEMA, asked.snapshot_id),
        mode=asked.mode,
        affected_tables=[touch.table for touch in preview.tables],
        target_tables=list(asked.tables),
        preview=RestorePreview(
            weddings=preview.weddings,
            vendors=preview.vendors,
            inserted=preview.inserted,
            updated=preview.updated,
            deleted=preview.deleted,
            newest_change_lost=_text(preview.newest_change_lost),
            tables=[TouchedTable(**vars(touch)) for touch in preview.tables],
        ),
        approval=_approval(caller, one, now),
        warnings=list(_warnings(one)),
        reason=request.reason,
        is_emergency_restore=request.emergency,
        requested_by=_who(caller, request.requester.subject),
        requested_at=utc_text(request.at),
        expires_at=utc_text(request.expires),
        step=run.step if run else None,
        job_id=run.run_id if run else None,
        started_at=_text(run.started_at) if run else None,
        completed_at=_text(run.ended_at) if run and run.status.over else _committed(one),
        estimated_completion=_text(_expected(one, run, now)),
        result=_result(one.restored),
        error=RestoreError(error_class=failure.error, what=failure.what, remedy=failure.remedy) if failure else None,
        message=_said(one, now, run),
        links=_links(restore_id, run),
        known_from=known_from,
    )


def _status(one: Standing, run: Run | None, now: datetime) -> RestoreStatus:
    """What was committed is done, whatever its run came to; what was withdrawn never will be."""
    phase = one.phase(now)
    if phase in (Phase.RESTORED, Phase.REFUSED, Phase.WITHDRAWN):
        return _ENDED[phase]
    if run is not None:
        at_work = RestoreStatus.RESTORING if run.step in _WRITING else RestoreStatus.VALIDATING
        begun = RestoreStatus.EMERGENCY_RESTORE_INITIATED if one.alone else RestoreStatus.VALIDATING
        return _OF_RUN.get(run.status, at_work if run.status is RunStatus.RUNNING else begun)
    return RestoreStatus.RESTORING if phase is Phase.USED else _ENDED.get(phase, RestoreStatus.INITIATED)


def _approval(caller: Caller, one: Standing, now: datetime) -> Approval:
    return Approval(
        phase=one.phase(now),
        needed=one.request.asked.needed(now),
        lacking=one.lacks(now),
        approved_by=[name for person in one.approvers if (name := _who(caller, person.subject))],
        refused_because=one.refused[1] if one.refused else None,
        alone=_alone(caller, one.alone) if one.alone else None,
    )


def _alone(caller: Caller, alone: Alone) -> WentAlone:
    by, at = _who(caller, alone.by.subject), utc_text(alone.at)
    return WentAlone(by=by, reason=alone.reason, at=at, acknowledged=alone.seen_by is not None)


def _who(caller: Caller, subject: str) -> str | None:
    """Whoever belongs to organizations is told of nobody but themselves."""
    return subject if not caller.bound or subject == caller.identity.subject else None


def _warnings(one: Standing) -> Iterator[str]:
    asked = one.request.asked
    if not (asked.preview.inserted or asked.preview.updated or asked.preview.deleted):
        yield "The database already holds what the backup says: there is nothing to restore."
    if asked.preview.deleted:
        yield f"Rows that came later would be deleted: {asked.preview.deleted:,}."
    if asked.preview.updated:
        yield f"Rows would lose what changed in them since: {asked.preview.updated:,}."
    if asked.hours and asked.approvals:
        spans = "; ".join(f"{utc_text(span.start)} to {utc_text(span.end)}" for span in asked.hours)
        yield f"While the wedding is under way two others must approve: {spans}."


def _said(one: Standing, now: datetime, run: Run | None) -> str:
    if one.phase(now) is Phase.USED and run and run.status.over:
        return "Its run ended without saying that it committed. Plan again to see what the database holds now."
    if one.phase(now) is Phase.APPROVED and run and not run.status.over:
        return "Its run was started; it plans once more before it writes."
    lacks = one.lacks(now)
    others = "1 other person" if lacks == 1 else f"{lacks} other persons"
    return _SAID.get(one.phase(now), f"It waits for the approval of {others}.")


def _result(restored: Mapping[str, Any] | None) -> RestoreResult | None:
    """What the ledger says was committed. Its entry is written after the comparison and the commit."""
    if restored is None:
        return None
    rows = restored.get("rows", dict.fromkeys(("inserted", "updated", "deleted")))
    return RestoreResult(**rows, verified=bool(restored.get("verified", True)), committed_at=restored["at"])


def _committed(one: Standing) -> str | None:
    return str(one.restored["at"]) if one.restored else None


def _expected(one: Standing, run: Run | None, now: datetime) -> datetime | None:
    if run is None or run.status.over or one.restored:
        return None
    preview = one.request.asked.preview
    rows = preview.inserted + preview.updated + preview.deleted
    begun = run.started_at or max(run.created_at, now) + _START
    return begun + timedelta(seconds=5 + rows / ROWS_A_SECOND)


def _links(restore_id: str, run: Run | None) -> dict[str, str]:
    path = "/api/recovery/restore"
    links = {"self": f"{path}?restoreId={restore_id}"}
    links |= {verb: f"{path}/{restore_id}/{verb}" for verb in ("approve", "refuse", "apply")}
    return links | ({"job": f"/api/jobs/{run.run_id}"} if run else {})


def _text(moment: datetime | None) -> str | None:
    return utc_text(moment) if moment else None
