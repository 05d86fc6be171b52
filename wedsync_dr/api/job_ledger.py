"""Jobs as the ledger alone tells of them: what can still be read while Dagster is down."""

from collections.abc import Callable

from wedsync_dr.api.caller import Caller
from wedsync_dr.api.job_view import may_see, named, result_of
from wedsync_dr.api.job_words import Job, JobKind, Progress
from wedsync_dr.api.runs import RunStatus
from wedsync_dr.model import ScopeId
from wedsync_dr.vault.batches import BatchSeen


def job_by_ledger(caller: Caller, job_id: str) -> Job | None:
    """The snapshots that a job took, if the caller may know of all of them; None where the ledger names none."""
    found = caller.site.archive.ledger.known().batches.asked_by(job_id)
    return _job(found[0], caller) if found and _is_visible(found[0], caller) else None


def jobs_by_ledger(caller: Caller, wanted: Callable[[Job, frozenset[ScopeId]], bool]) -> list[Job]:
    """The jobs that took snapshots and are wanted, newest first."""
    batches = caller.site.archive.ledger.known().batches.newest_first()
    found = ((batch, _job(batch, caller)) for batch in batches if batch.run_id and _is_visible(batch, caller))
    return [job for batch, job in found if wanted(job, _scopes(batch))]


def _is_visible(batch: BatchSeen, caller: Caller) -> bool:
    whole = 0 < batch.scopes == len(batch.snapshots)
    return not caller.bound or (whole and may_see(caller, _scopes(batch)))


def _job(batch: BatchSeen, caller: Caller) -> Job:
    whole = batch.scopes == len(batch.snapshots)
    status = RunStatus.RUNNING if batch.ended is None else RunStatus.COMPLETED
    if batch.abandoned or batch.failed:
        status = RunStatus.FAILED
    return Job(
        id=batch.run_id or "",
        kind=JobKind.SNAPSHOT,
        status=status,
        scopes=[named(scope) for scope in sorted(_scopes(batch))] if whole else None,
        progress=Progress(done=batch.scopes, total=None, percent=100 if status is RunStatus.COMPLETED else None),
        created_at=batch.began,
        started_at=batch.began,
        completed_at=batch.ended,
        estimated_completion=None,
        error=None,
        result=result_of(batch, caller) if batch.ended else None,
        links={"self": f"/api/jobs/{batch.run_id}"},
        known_from="ledger",
    )


def _scopes(batch: BatchSeen) -> frozenset[ScopeId]:
    return frozenset(scope for scope, *_ in batch.snapshots)
