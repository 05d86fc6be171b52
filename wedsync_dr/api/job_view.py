"""From a run of Dagster and what the ledger says of it to a job as its caller may see it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from wedsync_dr.api.backup_id import backup_id
from wedsync_dr.api.caller import Caller
from wedsync_dr.api.job_words import FailedScope, Job, JobError, JobKind, JobResult, NamedScope, Progress, TakenBackup
from wedsync_dr.api.once import BY
from wedsync_dr.api.runs import Run, RunFailure, RunStatus
from wedsync_dr.api.waves import scopes_of, wave_of
from wedsync_dr.model import ScopeId, utc_text
from wedsync_dr.schedule.estimate import expected_span
from wedsync_dr.vault.batches import BatchSeen

PRIORITY, TYPE, DESCRIPTION = "wedsync/asked-priority", "wedsync/asked-type", "wedsync/description"
KINDS = {
    JobKind.SNAPSHOT: ("snapshot_wave",),
    JobKind.RESTORE: ("restore_wedding", "restore_vendor", "restore_platform", "emergency_restore"),
    JobKind.DRILL: ("restore_drill",),
    JobKind.VERIFICATION: ("evidence", "promise"),
    JobKind.RETENTION: ("retention",),
}
_KIND = {job: kind for kind, jobs in KINDS.items() for job in jobs}


def may_see(caller: Caller, scopes: Iterable[ScopeId] | None) -> bool:
    """Whether a caller may know of a job for these scopes (None: everything). Raises what `Caller.sees` raises."""
    return not caller.bound or (scopes is not None and all(map(caller.sees, scopes)))


def job_of(run: Run, caller: Caller, failure: RunFailure | None = None) -> Job:
    """The job that a run is."""
    batch = next(iter(caller.site.archive.ledger.known().batches.asked_by(run.run_id)), None)
    scopes = scopes_of(run)
    progress = _progress(run, batch, None if scopes is None else len(scopes), caller)
    return Job(
        id=run.run_id,
        kind=_KIND.get(run.job, JobKind.OTHER),
        status=run.status,
        priority=run.tags.get(PRIORITY),
        type=run.tags.get(TYPE),
        description=run.tags.get(DESCRIPTION),
        requested_by=run.tags.get(BY) if not caller.bound or run.tags.get(BY) == caller.identity.subject else None,
        scopes=None if scopes is None else [named(scope) for scope in sorted(scopes)],
        step=run.step,
        progress=progress,
        created_at=utc_text(run.created_at),
        started_at=_text(run.started_at),
        completed_at=_text(run.ended_at) if run.status.over else None,
        estimated_completion=_text(_expected(run, progress, caller)),
        error=_error(failure, caller) if failure else None,
        result=result_of(batch, caller) if batch and run.status.over else None,
        links={"self": f"/api/jobs/{run.run_id}"},
    )


def expected_seconds(caller: Caller, scopes: int, *, full: bool) -> timedelta | None:
    """How long a batch of so many scopes will take, by those that were like it."""
    return expected_span(caller.site.archive.ledger.known().batches.newest_first(), scopes, full=full)


def _progress(run: Run, batch: BatchSeen | None, asked: int | None, caller: Caller) -> Progress | None:
    if batch is None:
        return None
    form = wave_of(run)
    total = len(caller.site.archive.ledger.known().current) if form.get("everything") else asked
    if form.get("with_vendors") or form.get("with_weddings"):
        total = batch.scopes if batch.ended else None
    done = batch.scopes + batch.failed
    percent = 100 if run.status is RunStatus.COMPLETED else min(99, 100 * done // total) if total else None
    return Progress(done=done, total=total, percent=percent)


def _expected(run: Run, progress: Progress | None, caller: Caller) -> datetime | None:
    """From how far it is, else from the history; None where the history is outrun."""
    if run.status.over or _KIND.get(run.job) is not JobKind.SNAPSHOT:
        return None
    now, form = caller.site.now(), wave_of(run)
    if progress and progress.done and progress.total and run.started_at:
        return now + (now - run.started_at) * (max(0, progress.total - progress.done) / progress.done)
    everything = bool(form.get("everything"))
    count = len(caller.site.archive.ledger.known().current) if everything else len(scopes_of(run) or ())
    span = expected_seconds(caller, count, full=everything and not form.get("changed_only"))
    end = (run.started_at or now) + span if span else None
    return end if end and end > now else None


def _error(failure: RunFailure, caller: Caller) -> JobError:
    seen = [one for one in failure.scopes if _may_read(caller, one[0])]
    return JobError(
        error_class=failure.error,
        what=failure.what,
        remedy=failure.remedy,
        scopes=[FailedScope(scope=scope, what=what, remedy=remedy) for scope, what, remedy in seen],
    )


def _may_read(caller: Caller, scope: str) -> bool:
    return not caller.bound or any(scope == str(one) for one in caller.sight or ())


def result_of(batch: BatchSeen, caller: Caller) -> JobResult:
    seen = [one for one in batch.snapshots if caller.sees(one[0])]
    return JobResult(
        instant=batch.taken_at,
        scopes=batch.scopes if not caller.bound else len(seen),
        stored=batch.stored if not caller.bound else sum(stored for *_, stored in seen),
        failed=batch.failed,
        backups=[
            TakenBackup(backup_id=backup_id(scope, id_), kind=scope.kind, scope_id=scope.id, stored=stored)
            for scope, id_, stored in seen
        ],
        more=batch.scopes > len(batch.snapshots),
    )


def named(scope: ScopeId) -> NamedScope:
    return NamedScope(kind=scope.kind, scope_id=scope.id)


def _text(moment: datetime | None) -> str | None:
    return utc_text(moment) if moment else None
