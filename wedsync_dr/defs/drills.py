"""Drills: the nightly proof that recovery points restore, the weekly one for the whole platform, and the check."""

import secrets

import dagster as dg
from pydantic import Field

from wedsync_dr.defs.check_results import result
from wedsync_dr.defs.failures import refused, told_to_dagster
from wedsync_dr.defs.partitions import RECOVERY_POINTS
from wedsync_dr.defs.resources import Protection
from wedsync_dr.defs.standing import scopes_with_tiers
from wedsync_dr.drill.report import DrillReport
from wedsync_dr.drill.run import DRAWN, Drill
from wedsync_dr.drill.scratch import scratch
from wedsync_dr.drill.standing import Proofs, proofs
from wedsync_dr.model import Kind

Resource = dg.ResourceParam[Protection]


class DrillForm(dg.Config):
    """How much to restore."""

    count: int = Field(default=DRAWN, description="How many recovery points to draw, beside the weddings of the day.")
    whole: bool = Field(default=False, description="Rebuild the whole platform in a scratch database, too.")
    seed: int = Field(default=-1, description="Draw the same ones as an earlier drill; -1 draws anew.")


@dg.op(description="Restore recovery points aside, compare them, fly a canary, and see a damaged copy refused.",
       out=dg.Out(dg.Nothing))  # fmt: skip
def restore_aside(context: dg.OpExecutionContext, config: DrillForm, protection: Resource) -> None:
    """Fails where anything did not hold; the ledger has the result either way."""
    seed = config.seed if config.seed >= 0 else secrets.randbelow(2**31)
    with told_to_dagster():
        settings = protection.settings()
        with scratch(settings.scratch_url, settings.pg_bin) as aside:
            by = f"dagster run {context.run_id}"
            order = Drill(protection.archive(), protection.source(), aside, protection.now(), by, protection.policy())
            report = order.run(seed=seed, count=config.count, whole=config.whole)
    context.log_event(dg.AssetObservation(RECOVERY_POINTS, "A drill.", metadata=_metadata(report)))
    if not report.ok:
        raise refused(
            f"{len(report.problems)} problem(s): {'; '.join(report.problems[:3])}",
            remedy="docs/runbook.md, `wedsync-dr drill`.",
        )


def _metadata(report: DrillReport) -> dict[str, dg.MetadataValue]:
    lines = [{name: str(value) for name, value in one.to_json().items()} for one in report.results]
    return {
        "restored_equal": dg.MetadataValue.int(sum(one.equal for one in report.results)),
        "restored": dg.MetadataValue.int(len(report.results)),
        "seed": dg.MetadataValue.int(report.seed),
        "results": dg.MetadataValue.table([dg.TableRecord(dict(line)) for line in lines]),
    }


@dg.job(
    description="Prove that recovery points restore: every wedding of the day and others drawn by urgency, into "
    "scratch databases, timed against the RTO. The source is only read.",
    executor_def=dg.in_process_executor,
    tags={"wedsync/lane": "bulk", "dagster/priority": "-5"},
)
def restore_drill() -> None:
    """One op, one core call."""
    restore_aside()


def _schedule(name: str, cron: str, description: str, *, whole: bool) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name=name,
        job=restore_drill,
        cron_schedule=cron,
        execution_timezone="UTC",
        run_config=dg.RunConfig(ops={"restore_aside": DrillForm(whole=whole)}),
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=description,
    )


nightly_drill = _schedule("nightly_drill", "0 3 * * 0-5", "Every night but Saturday's: a drill of drawn recovery "
                          "points.", whole=False)  # fmt: skip
weekly_drill = _schedule("weekly_drill", "0 3 * * 6", "On Saturdays: the drill, and the whole platform.", whole=True)
SCHEDULES = (nightly_drill, weekly_drill)


@dg.asset_check(
    asset=RECOVERY_POINTS,
    description="The last drills restored recovery points of every tier, equal and within the RTO. No drill, or none "
    "since last night, is red.",
)
def restorable(protection: Resource) -> dg.AssetCheckResult:
    """What the ledger says of the drills; nothing is restored here."""
    with told_to_dagster():
        present = scopes_with_tiers(protection)
        tiers = {tier for scope, tier in present.items() if tier and scope.kind is Kind.WEDDING}
        found = proofs(protection.archive().ledger.known().drills, tiers, protection.now())
    checked = result([(None, what, remedy) for what, remedy in found.problems], {"drills": found.drills})
    return checked._replace(metadata={**checked.metadata, **_proven(found)}) if found.tiers else checked


def _proven(found: Proofs) -> dict[str, dg.MetadataValue]:
    records = [
        dg.TableRecord({
            "tier": one.tier.value, "at": one.at.isoformat(), "recovery_point": f"{one.scope} {one.snapshot_id}",
            "seconds": one.seconds, "rto_seconds": one.target_seconds, "equal": one.equal,
        })
        for one in found.tiers
    ]  # fmt: skip
    return {"last_restore_per_tier": dg.MetadataValue.table(records)}
