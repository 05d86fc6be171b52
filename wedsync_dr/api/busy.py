"""What is being snapshotted or restored right now, so that nobody asks for the same a second time meanwhile."""

from collections.abc import Collection
from datetime import timedelta

from wedsync_dr.api.caller import Caller
from wedsync_dr.api.job_view import may_see
from wedsync_dr.api.runs import UNDER_WAY, Run
from wedsync_dr.api.waves import JOB, scopes_of, wave_of
from wedsync_dr.errors import ScopeBusy
from wedsync_dr.model import ScopeId, parse_utc

_MOST = 500
_JOBS = (JOB, "restore_wedding", "restore_vendor")  # who rebuilds the platform elsewhere is in nobody's way
_STALE = timedelta(hours=24)


def refuse_if_busy(caller: Caller, scopes: Collection[ScopeId] | None) -> None:
    """Raises ScopeBusy where a job takes or restores one of the scopes, or something else restores one.

    Everything (None) is in the way of everything alone: what is taken meanwhile waits for its lock. Raises
    SchedulerUnreachable where nobody can tell.
    """
    for run in caller.site.runs.find(statuses=UNDER_WAY, limit=_MOST):
        if run.job in _JOBS and (busy := _shared(run, scopes)):
            raise _busy(caller, busy, run)
    for scope, since in caller.site.archive.ledger.known().restoring.items():
        if scope in (scopes or ()) and caller.site.now() - parse_utc(since) < _STALE:
            raise _busy(caller, str(scope), None)


def _shared(run: Run, scopes: Collection[ScopeId] | None) -> str | None:
    """What a run and a request have in common, in words; None where nothing."""
    if scopes is None or wave_of(run).get("everything"):
        both = scopes is None and wave_of(run).get("everything")
        return "Everything" if both else str(min(scopes)) if scopes else None
    common = (scopes_of(run) or frozenset()).intersection(scopes)
    return str(min(common)) if common else None


def _busy(caller: Caller, what: str, run: Run | None) -> ScopeBusy:
    if run is None or not may_see(caller, scopes_of(run)):
        return ScopeBusy(f"{what} is being snapshotted or restored.", remedy="Ask again when that has ended.")
    remedy = f"Follow that job with GET /api/jobs/{run.run_id}, or stop it with DELETE; then ask again."
    return ScopeBusy(f"{what} is being snapshotted or restored by the job {run.run_id}.", remedy=remedy)
