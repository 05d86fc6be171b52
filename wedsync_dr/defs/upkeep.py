"""What is done to the vault by the clock: retention, and the check that it was."""

from datetime import timedelta

import dagster as dg

from wedsync_dr.alerts.space import ALMOST_FULL, WHAT_TO_DO, space_of
from wedsync_dr.defs.check_results import result
from wedsync_dr.defs.failures import Problem, some_failed, told_to_dagster
from wedsync_dr.defs.partitions import RECOVERY_POINTS
from wedsync_dr.defs.resources import Protection
from wedsync_dr.errors import Damaged
from wedsync_dr.model import parse_utc
from wedsync_dr.schedule.retention import plan_retention
from wedsync_dr.settings import places
from wedsync_dr.snapshot.inventory import held_snapshots
from wedsync_dr.verification.removal import apply_retention

Resource = dg.ResourceParam[Protection]
GRACE = timedelta(hours=36)
WEEKLY = timedelta(days=8)
_FULL = "Launch snapshot_wave with everything: true; look at the last run of weekly_full."


@dg.op(description="Remove the snapshots that the policy lets go; each is named in the ledger first.",
       out=dg.Out(dg.Nothing))  # fmt: skip
def remove_expired(context: dg.OpExecutionContext, protection: Resource) -> None:
    """Fails where a scope lost nothing although it should, because its newest recovery point does not verify."""
    with told_to_dagster():
        source, archive, policy, now = protection.source(), protection.archive(), protection.policy(), protection.now()
        plan = plan_retention(held_snapshots(source, archive, policy, now), policy, now)
        done = apply_retention(source, archive, plan, now=now, by=f"dagster run {context.run_id}")
    figures = {"removed": len(done.removed), "kept": len(plan.kept), "finished": len(done.finished)}
    context.log_event(dg.AssetObservation(RECOVERY_POINTS, "Retention.", metadata=figures))
    unfit = [(one.scope, Damaged(one.why, remedy="docs/runbook.md, `wedsync-dr retention`.")) for one in done.skipped
             if not one.busy]  # fmt: skip
    if unfit:
        raise some_failed(unfit)


@dg.job(
    description="Keep and expire by the policy: every snapshot for a while, then hours, days, weeks, months and years; "
    "never the last recovery point, nothing under a hold, nothing that a restore reads.",
    executor_def=dg.in_process_executor,
    tags={"wedsync/lane": "bulk", "dagster/priority": "-10"},
)
def retention() -> None:
    """One op, one core call."""
    remove_expired()


daily_retention = dg.ScheduleDefinition(
    name="daily_retention",
    job=retention,
    cron_schedule="0 5 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every day after the evidence: what the policy lets go, goes.",
)


@dg.asset_check(
    asset=RECOVERY_POINTS,
    description="Nothing that could go 36 hours ago is still there, and what stays has a reason. Held, vanished and "
    "damaged scopes keep what they have.",
)
def retention_obeyed(protection: Resource) -> dg.AssetCheckResult:
    """Plans as of then; removes nothing."""
    with told_to_dagster():
        source, archive, policy, now = protection.source(), protection.archive(), protection.policy(), protection.now()
        held = held_snapshots(source, archive, policy, now)
        overdue = plan_retention(held, policy, now - GRACE).removals
    problems = [(one.ref.scope, f"{one.ref.snapshot_id} may go: {one.reason}", "Launch retention; look at the run that "
                 "failed.") for one in overdue]  # fmt: skip
    return result(problems, {"snapshots": len(held), "overdue": len(overdue)}, urgent=False)


@dg.asset_check(
    asset=RECOVERY_POINTS,
    description="The last pass that read everything found no change that the fingerprints had missed, and it was not "
    "longer ago than eight days.",
)
def fingerprints_trusted(protection: Resource) -> dg.AssetCheckResult:
    """What was missed is stored since; the fault that it shows is not mended by that."""
    with told_to_dagster():
        last = protection.archive().ledger.known().full_pass
    if last is None:
        return result([(None, "No pass has ever read everything.", _FULL)], {})
    age = protection.now() - parse_utc(last.at)
    missed = "Its rows had changed, and its fingerprint had not: nightly runs passed over it until then."
    problems: list[Problem] = [(scope, missed, "Report it, and run `wedsync-dr snapshot --all` nightly until it is "
                                "mended.") for scope in last.missed]  # fmt: skip
    if age > WEEKLY:
        problems.append((None, f"The last pass that read everything was {age.days} days ago.", _FULL))
    return result(problems, {"missed": len(last.missed)}, urgent=bool(last.missed))


@dg.asset_check(
    asset=RECOVERY_POINTS,
    description="The disk of the vault has room: a warning from WEDSYNC_SPACE_WARN percent, an error from 95.",
)
def vault_space(protection: Resource) -> dg.AssetCheckResult:
    """A disk that cannot be looked at is red: nobody would know when it fills."""
    with told_to_dagster():
        where = places(protection.settings())
        space = space_of(where.vault)
    if space is None:
        return result([(None, "The vault's disk cannot be looked at.", "See that WEDSYNC_VAULT_URL is there.")], {})
    problems: list[Problem] = []
    if space.used_percent >= where.space_warn:
        problems.append((None, f"The disk of the vault is {space}.", WHAT_TO_DO))
    figures = {
        "used_percent": round(space.used_percent),
        "free_bytes": space.free,
        "warns_at_percent": where.space_warn,
    }
    return result(problems, figures, urgent=space.used_percent >= ALMOST_FULL)


ALL = (retention_obeyed, fingerprints_trusted, vault_space)
