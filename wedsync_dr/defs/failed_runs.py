"""Which runs failed and were not made good since, as alerts."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from wedsync_dr.alerts.alert import Alert, AlertCode, Severity
from wedsync_dr.defs.partitions import ASSETS
from wedsync_dr.model import Kind

KEPT = timedelta(days=8)
"""How long a failure counts: a weekly job has another chance until then."""
_MOST, _LOOKED_INTO = 500, 20
_UNKNOWN = ("no step says why", "Open the run: the process that ran it may have died.")


def failed_runs(instance: dg.DagsterInstance, now: datetime) -> tuple[Alert, ...]:
    """Failures of the last days by job and class of error, without those that a later success of the job made good."""
    wanted = dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=now - KEPT)
    by_job: defaultdict[str, list[dg.RunRecord]] = defaultdict(list)
    for record in instance.get_run_records(wanted, limit=_MOST):
        by_job[record.dagster_run.job_name].append(record)
    return tuple(alert for job in sorted(by_job) for alert in _alerts(instance, job, _standing(instance, by_job[job])))


def _standing(instance: dg.DagsterInstance, failed: Sequence[dg.RunRecord]) -> list[dg.RunRecord]:
    """Those that failed after the job's last success."""
    job = failed[0].dagster_run.job_name
    good = instance.get_run_records(dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.SUCCESS]), limit=1)
    return [record for record in failed if not good or record.storage_id > good[0].storage_id]


def _alerts(instance: dg.DagsterInstance, job: str, failed: Sequence[dg.RunRecord]) -> Iterator[Alert]:
    """One per class of error, newest first."""
    found: defaultdict[str, list[tuple[dg.RunRecord, str, list[str]]]] = defaultdict(list)
    for record in failed[:_LOOKED_INTO]:
        error, remedy, scopes = _why(instance, record.dagster_run.run_id)
        found[error].append((record, remedy, [*_targets(record.dagster_run), *scopes]))
    for error, runs in found.items():
        newest, oldest = runs[0][0].dagster_run.run_id, runs[-1][0]
        yield Alert(
            AlertCode.RUN_FAILED,
            Severity.ERROR,
            f"{len(runs)} run(s) of {job} failed ({error}), the last one {newest}.",
            runs[0][1],
            part=f"{job}.{error}",
            subjects=tuple(dict.fromkeys(scope for _, _, scopes in runs for scope in scopes)),
            since=datetime.fromtimestamp(oldest.end_time, UTC) if oldest.end_time else None,
        )


def _why(instance: dg.DagsterInstance, run_id: str) -> tuple[str, str, list[str]]:
    """The class of the error, what to do, and the scopes that failed. Messages of foreign errors stay in Dagster."""
    failures = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_FAILURE, limit=1).records
    event = failures[0].event_log_entry.dagster_event if failures else None
    if event is None:
        return *_UNKNOWN, []
    data = event.step_failure_data
    if data.user_failure_data is None:
        return (data.error.cls_name if data.error else None) or _UNKNOWN[0], _UNKNOWN[1], []
    metadata = data.user_failure_data.metadata
    table = metadata.get("failed")
    records = table.records if isinstance(table, dg.TableMetadataValue) else []
    told = {name: str(metadata[name].value) for name in ("error", "remedy") if name in metadata}
    scopes = [str(record.data["scope"]) for record in records]
    return told.get("error", "refused"), told.get("remedy", "Open the run: `failed` lists what to do."), scopes


def _targets(run: dg.DagsterRun) -> Iterator[str]:
    """The wedding, vendor or table that a run was for."""
    partition = run.tags.get("dagster/partition")
    kinds = [kind for kind, key in ASSETS.items() if key in (run.asset_selection or ())]
    if partition and len(kinds) == 1:
        yield f"{kinds[0].value}/{partition}"
    for kind in (Kind.WEDDING, Kind.VENDOR):
        if isinstance(named := run.run_config.get(kind.value), str):
            yield f"{kind.value}/{named}"
