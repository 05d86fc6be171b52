"""Which jobs a caller may see, page by page."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from wedsync_dr.api.caller import Caller
from wedsync_dr.api.job_ledger import job_by_ledger, jobs_by_ledger
from wedsync_dr.api.job_view import KINDS, job_of, may_see
from wedsync_dr.api.job_words import Job, JobKind
from wedsync_dr.api.problems import not_found
from wedsync_dr.api.runs import Run, RunStatus
from wedsync_dr.api.waves import scopes_of
from wedsync_dr.errors import SchedulerUnreachable
from wedsync_dr.model import ScopeId

_CHUNK, _MOST = 200, 2_000


@dataclass(frozen=True)
class Wanted:
    """Which jobs are asked for; what is empty excludes none."""

    statuses: Sequence[RunStatus] = ()
    kind: JobKind | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    scopes: frozenset[ScopeId] = frozenset()
    within: frozenset[ScopeId] | None = None

    def fits(self, job: Job, scopes: frozenset[ScopeId]) -> bool:
        """Whether a job for these scopes is wanted; tags are not looked at."""
        status = not self.statuses or job.status in self.statuses
        return status and self.kind in (None, job.kind) and self.is_for(scopes)

    def is_for(self, scopes: frozenset[ScopeId] | None) -> bool:
        """Whether a job for these scopes (None: everything) is for the wanted ones, and for none but those allowed."""
        if self.within is not None and (scopes is None or not scopes <= self.within):
            return False
        return not self.scopes or (scopes is not None and self.scopes <= scopes)


@dataclass(frozen=True)
class Page:
    """Some jobs, how many there are in all (None: too many to look through), and where the next page begins."""

    jobs: list[Job]
    total: int | None
    next_cursor: str | None


def one_job(caller: Caller, job_id: str) -> Job:
    """The job of this id. Raises the one refusal of what is not there, and SchedulerUnreachable where only Dagster
    could tell."""
    try:
        run = caller.site.runs.run(job_id)
    except SchedulerUnreachable:
        return _by_ledger(caller, job_id)
    if run is None or not may_see(caller, scopes_of(run)):
        raise not_found()
    failure = caller.site.runs.failure(job_id) if run.status is RunStatus.FAILED else None
    return job_of(run, caller, failure)


def _by_ledger(caller: Caller, job_id: str) -> Job:
    if found := job_by_ledger(caller, job_id):
        return found
    raise SchedulerUnreachable(
        "Dagster does not answer, and the ledger does not tell of this job.",
        remedy="Ask again when Dagster is up; `wedsync-dr ledger list` shows what was done meanwhile.",
    )


def page_of_jobs(caller: Caller, wanted: Wanted, limit: int, cursor: str | None) -> Page:
    """The newest jobs that are wanted, older than the job that the cursor names."""
    try:
        return _by_dagster(caller, wanted, limit, cursor)
    except SchedulerUnreachable:
        if wanted.tags:
            raise
        found = jobs_by_ledger(caller, wanted.fits)
        shown, more = _part([job.id for job in found], limit, cursor)
        return Page(found[shown], len(found), found[shown][-1].id if more else None)


def _by_dagster(caller: Caller, wanted: Wanted, limit: int, cursor: str | None) -> Page:
    names = KINDS.get(wanted.kind, ()) if wanted.kind else ()
    if not caller.bound and not wanted.scopes and wanted.within is None and len(names) < 2:
        return _counted(caller, wanted, names[0] if names else None, limit, cursor)

    def fits(run: Run) -> bool:
        scopes = scopes_of(run)
        return wanted.is_for(scopes) and (not names or run.job in names) and may_see(caller, scopes)

    return _looked_through(caller, wanted, fits, limit, cursor)


def _counted(caller: Caller, wanted: Wanted, job: str | None, limit: int, cursor: str | None) -> Page:
    """Where Dagster itself can choose and count."""
    runs = caller.site.runs
    found = runs.find(tags=wanted.tags, job=job, statuses=wanted.statuses, before=cursor, limit=limit + 1)
    return Page(
        [job_of(run, caller) for run in found[:limit]],
        runs.count(tags=wanted.tags, job=job, statuses=wanted.statuses),
        found[limit - 1].run_id if len(found) > limit else None,
    )


def _looked_through(
    caller: Caller, wanted: Wanted, fits: Callable[[Run], bool], limit: int, cursor: str | None
) -> Page:
    """Where each run must be looked at: the newest ones, as many as one answer may take."""
    seen = list(_newest(caller, wanted))
    fitting = [run for run in seen if fits(run)]
    shown, more = _part([run.run_id for run in fitting], limit, cursor)
    jobs = [job_of(run, caller) for run in fitting[shown]]
    return Page(jobs, len(fitting) if len(seen) < _MOST else None, jobs[-1].id if more else None)


def _part(ids: list[str], limit: int, cursor: str | None) -> tuple[slice, bool]:
    """What follows the cursor, and whether there is more behind it; a cursor that is none of them is behind all."""
    start = ids.index(cursor) + 1 if cursor in ids else len(ids) if cursor else 0
    return slice(start, start + limit), start + limit < len(ids)


def _newest(caller: Caller, wanted: Wanted) -> Iterator[Run]:
    before = None
    for _ in range(_MOST // _CHUNK):
        found = caller.site.runs.find(tags=wanted.tags, statuses=wanted.statuses, before=before, limit=_CHUNK)
        yield from found
        if len(found) < _CHUNK:
            return
        before = found[-1].run_id
