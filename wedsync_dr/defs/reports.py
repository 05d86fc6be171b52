"""The auditors' report: a job with a form, and the monthly schedule. Dagster's own records are handed to the core."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
from pydantic import Field

from wedsync_dr.audit.crosscheck import NEAR
from wedsync_dr.audit.gather import gather
from wedsync_dr.audit.material import CheckSeen, DagsterSide, RunSeen
from wedsync_dr.audit.period import Period, period_of
from wedsync_dr.audit.publish import Published, publish
from wedsync_dr.audit.sign import PAGE
from wedsync_dr.defs import checks, drills, objectives, packs, upkeep
from wedsync_dr.defs.failures import told_to_dagster
from wedsync_dr.defs.partitions import RECOVERY_POINTS
from wedsync_dr.defs.resources import Protection
from wedsync_dr.errors import MalformedId
from wedsync_dr.settings import HOME, places

Resource = dg.ResourceParam[Protection]
_CHECKS = (*checks.ALL, *objectives.ALL, drills.restorable, packs.emergency_packs_fresh, *upkeep.ALL)
KEYS = tuple(key for one in _CHECKS for key in one.check_keys)
"""The checks whose history a report has: all of them."""
_AT_ONCE = 500
_CHECKED = frozenset({"SUCCEEDED", "FAILED"})
_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]


class ReportForm(dg.Config):
    """Which days, and where to."""

    first: str = Field(default="", description="The first day, as 2026-10-01; empty with `last`: the last whole month.")
    last: str = Field(default="", description="The last day, which is part of the period.")
    out: str = Field(default="", description="An empty folder; empty: one in .wedsync/reports where Dagster runs.")


@dg.op(description="Gather ledger, vault, source and Dagster's own records; write the report and sign it.",
       out=dg.Out(dg.Nothing))  # fmt: skip
def write_report(context: dg.OpExecutionContext, config: ReportForm, protection: Resource) -> None:
    """Findings do not fail it: a report that says what is wrong is a good report."""
    with told_to_dagster():
        now, by = protection.now(), f"dagster run {context.run_id}"
        period = period_of(_day(config.first), _day(config.last), now.date())
        side = dagster_side(context.instance, KEYS, period)
        material = gather(places(protection.settings()), protection.policy(), period, now=now, made_by=by, dagster=side)
        folder = Path(config.out) if config.out else HOME / "reports" / f"{period.first}_{context.run_id[:8]}"
        done = publish(protection.archive(), material, folder)
    context.log_event(dg.AssetObservation(RECOVERY_POINTS, "The auditors' report.", metadata=_metadata(done)))


def _metadata(done: Published) -> dict[str, dg.MetadataValue]:
    figures = {one.label: dg.MetadataValue.text(one.value) for one in done.page.figures}
    return {
        "verdict": dg.MetadataValue.text(done.page.verdict),
        "page": dg.MetadataValue.path(str(done.folder / PAGE)),
        "manifest_sha256": dg.MetadataValue.text(done.manifest),
        "ledger_entry": dg.MetadataValue.int(done.entry),
        **figures,
    }


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        raise MalformedId("`first` or `last` is not a day.", remedy="Write it as 2026-10-01.") from None


def dagster_side(instance: dg.DagsterInstance, checks: Sequence[dg.AssetCheckKey], period: Period) -> DagsterSide:
    """What the instance remembers of a period and a few hours around it: evaluations of checks, and runs that ended."""
    seen = [one for key in checks for one in _evaluations(instance, key, period)]
    wanted = dg.RunsFilter(statuses=_ENDED, created_after=period.begin - NEAR, created_before=period.end + NEAR)
    runs = [
        RunSeen(one.dagster_run.job_name, one.dagster_run.run_id,
                one.dagster_run.status is dg.DagsterRunStatus.SUCCESS, _instant(one.end_time or 0.0))
        for one in instance.get_run_records(wanted)
    ]  # fmt: skip
    return DagsterSide(tuple(seen), tuple(runs))


def _evaluations(instance: dg.DagsterInstance, key: dg.AssetCheckKey, period: Period) -> Iterator[CheckSeen]:
    """Newest first, page by page, until they are older than the period."""
    cursor = None
    while True:
        records = instance.event_log_storage.get_asset_check_execution_history(key, limit=_AT_ONCE, cursor=cursor)
        for one in records:
            at = _instant(one.create_timestamp)
            if one.status.value in _CHECKED and period.begin - NEAR <= at < period.end + NEAR:
                yield CheckSeen(key.name, at, one.status.value == "SUCCEEDED", one.run_id)
        if len(records) < _AT_ONCE or _instant(records[-1].create_timestamp) < period.begin - NEAR:
            return
        cursor = records[-1].id


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@dg.job(
    description="The auditors' report of a period: what was covered, done, proven and removed, every figure with its "
    "evidence, signed, as a folder with one HTML file, CSV and JSON.",
    executor_def=dg.in_process_executor,
    tags={"wedsync/lane": "bulk", "dagster/priority": "-10"},
)
def audit_report() -> None:
    """One op, one core call."""
    write_report()


monthly = dg.ScheduleDefinition(
    name="monthly_report",
    job=audit_report,
    cron_schedule="0 4 1 * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="On the first of each month: the auditors' report of the month before.",
)
