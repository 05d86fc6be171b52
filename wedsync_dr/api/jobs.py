"""Jobs: what was set going can be followed, and stopped."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from wedsync_dr.access.roles import Right
from wedsync_dr.api.by_hand import by_hand
from wedsync_dr.api.caller import Caller, Reader, demand
from wedsync_dr.api.job_pages import Wanted, one_job, page_of_jobs
from wedsync_dr.api.job_words import EXAMPLE, JobKind, Jobs, OneJob
from wedsync_dr.api.runs import RunStatus
from wedsync_dr.api.wire import answer, example
from wedsync_dr.errors import JobOver

router = APIRouter(prefix="/api/jobs", tags=["jobs"])
JobId = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]
Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]
JobCursor = Annotated[
    str | None, Query(max_length=64, pattern=r"^[A-Za-z0-9-]+$", description="`nextCursor` of the page before.")
]
_ENDS = {JobKind.SNAPSHOT: Right.SNAPSHOT, JobKind.RESTORE: Right.RESTORE, JobKind.VERIFICATION: Right.VERIFY}


@router.get(
    "",
    responses=example({"success": True, "jobs": [EXAMPLE], "total": 1, "nextCursor": None}),
    summary="What was set going",
)
def jobs(
    caller: Reader,
    status: Annotated[list[RunStatus] | None, Query(description="Of these statuses.")] = None,
    kind: JobKind | None = None,
    wedding_id: Annotated[str | None, Query(alias="weddingId", min_length=1, max_length=200)] = None,
    vendor_id: Annotated[str | None, Query(alias="vendorId", min_length=1, max_length=200)] = None,
    schedule_id: Annotated[
        str | None, Query(alias="scheduleId", pattern=r"^[0-9a-f]{1,64}$", description="Runs of that schedule.")
    ] = None,
    limit: Limit = 20,
    cursor: JobCursor = None,
) -> Jobs:
    """Newest first, whoever started them: the platform, an operator, a schedule."""
    named = [caller.wedding(wedding_id)] if wedding_id else []
    named += [caller.vendor(vendor_id)] if vendor_id else []
    tags = {"wedsync/schedule": schedule_id} if schedule_id else {}
    wanted = Wanted(statuses=status or (), kind=kind, tags=tags, scopes=frozenset(named))
    page = page_of_jobs(caller, wanted, limit, cursor)
    return Jobs(jobs=page.jobs, total=page.total, next_cursor=page.next_cursor)


@router.get("/{job_id}", responses=example({"success": True, "job": EXAMPLE}), summary="How a job stands")
def job(caller: Reader, job_id: JobId) -> OneJob:
    """To be polled until `status` is COMPLETED, FAILED or CANCELLED; a second between two calls is enough."""
    return OneJob(job=one_job(caller, job_id))


_OTHERWISE = (
    "End the process whose arguments name the job, where Dagster runs: it stops as after Ctrl-C, and the next batch "
    "removes what it left half-made. Else see that Dagster runs."
)
_STOPPING = EXAMPLE | {"status": "CANCELLING", "completedAt": None, "result": None}


@router.delete(
    "/{job_id}",
    status_code=202,
    responses=answer(202, {"success": True, "job": _STOPPING}, "It is being stopped; poll it."),
    summary="Stop a job",
)
def cancel(caller: Annotated[Caller, Depends(demand(Right.READ))], job_id: JobId) -> OneJob:
    """Ends the process that does it. Whoever may start a job of its kind may stop it. What it had finished stays: whole
    snapshots, or nothing. 409 where it is over."""
    with by_hand(_OTHERWISE):
        found = one_job(caller, job_id)
        caller.identity.require(_ENDS.get(found.kind, Right.SCHEDULE))
        if found.status.over or not caller.site.runs.terminate(job_id):
            raise JobOver(f"The job {job_id} is over.", remedy=f"GET /api/jobs/{job_id} tells how it ended.")
        return OneJob(job=one_job(caller, job_id))
