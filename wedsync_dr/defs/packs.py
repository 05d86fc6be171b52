"""Emergency packs: the asset, the job and sensor that keep near weddings' packs new, and the check."""

import hashlib
from collections.abc import Iterator

import dagster as dg

from wedsync_dr.defs.assets import OWNERS
from wedsync_dr.defs.check_results import result
from wedsync_dr.defs.failures import AGAIN, some_failed, told_to_dagster
from wedsync_dr.defs.lanes import URGENT
from wedsync_dr.defs.partitions import ASSETS, RECOVERY_POINTS, WEDDINGS, add_partitions
from wedsync_dr.defs.record import record
from wedsync_dr.defs.resources import Protection
from wedsync_dr.model import Kind, ScopeId, utc_text
from wedsync_dr.pack.round import Packer, Round, known_dates
from wedsync_dr.pack.standing import standing

PACK = dg.AssetKey("emergency_pack")
EVERY_S, AGAIN_S = 60, 600
Resource = dg.ResourceParam[Protection]


def _packer(protection: Protection, by: str, *, watching: bool = False) -> Packer:
    archive = protection.watched() if watching else protection.archive()
    return Packer(archive, protection.source().rules, protection.policy(), protection.time_zone(), by)


def _recorded(context: dg.OpExecutionContext | dg.AssetExecutionContext, done: Round) -> None:
    """A materialization for each pack that was made: which recovery point and how large, nothing of what is in it."""
    add_partitions(context.instance, list(done.made))
    events = [
        dg.AssetMaterialization(PACK, partition=scope.id, metadata={
            "snapshot_id": one.record.snapshot_id, "instant": utc_text(one.record.taken_at), "bytes": one.record.size,
            "pack_id": one.record.ref.pack_id, "not_mapped": dg.MetadataValue.json(list(one.gaps)),
        })
        for scope, one in done.made.items()
    ]  # fmt: skip
    record(context, events)
    context.log.info(f"{len(done.made)} packs made, {len(done.current)} current, {len(done.removed)} removed")
    if done.failed:
        raise some_failed(list(done.failed.items()))


@dg.multi_asset(
    specs=[dg.AssetSpec(
        PACK, deps=[ASSETS[Kind.WEDDING]], partitions_def=WEDDINGS, skippable=True, group_name="packs", owners=OWNERS,
        kinds={"pdf"},
        description="One encrypted PDF for the coordinator who has no network, from the wedding's newest recovery "
        "point. `wedsync-dr pack get` and `pack passphrase` hand it out.",
    )],
    can_subset=True,
    backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=50),
    retry_policy=AGAIN,
)  # fmt: skip
def emergency_pack(context: dg.AssetExecutionContext, protection: Resource) -> Iterator[dg.AssetMaterialization]:
    """On demand for any wedding."""
    with told_to_dagster():
        scopes = [ScopeId(Kind.WEDDING, key) for key in context.partition_keys]
        done = _packer(protection, f"dagster run {context.run.run_id}").one_by_one(scopes, protection.now())
    _recorded(context, done)
    yield from ()  # the materializations are recorded already


@dg.op(description="Make the packs of near weddings that have a newer recovery point; remove those of settled ones.",
       out=dg.Out(dg.Nothing))  # fmt: skip
def make_near_packs(context: dg.OpExecutionContext, protection: Resource) -> None:
    """The dates come from the vault while the source does not answer."""
    with told_to_dagster():
        weddings, _ = known_dates(protection.source(), protection.archive())
        done = _packer(protection, f"dagster run {context.run_id}").all_near(weddings, protection.now())
    _recorded(context, done)


@dg.job(
    description="Emergency packs for every wedding from yesterday to seven days ahead whose pack is not of its newest "
    "recovery point.",
    tags={"wedsync/lane": URGENT, "dagster/priority": "40"},
)
def near_packs() -> None:
    """One op, one core call."""
    make_near_packs()


@dg.sensor(job_name="near_packs", minimum_interval_seconds=EVERY_S, default_status=dg.DefaultSensorStatus.RUNNING,
           description="Where a near wedding has a newer recovery point than its pack, packs are made.")  # fmt: skip
def packs_behind(context: dg.SensorEvaluationContext, protection: Resource) -> dg.RunRequest | dg.SkipReason:
    """Asks once for the same recovery points, and again ten minutes later where that failed."""
    del context
    with told_to_dagster():
        packer, now = _packer(protection, "dagster sensor packs_behind", watching=True), protection.now()
        weddings, _ = known_dates(protection.source(), packer.archive)
        wanted = packer.behind(weddings, now)
    if not wanted:
        return dg.SkipReason("Each near wedding's pack is of its newest recovery point.")
    key = hashlib.sha256("\n".join(wanted).encode()).hexdigest()[:16]
    return dg.RunRequest(run_key=f"packs-{key}-{int(now.timestamp()) // AGAIN_S}")


@dg.asset_check(asset=RECOVERY_POINTS, description="Each wedding from yesterday to seven days ahead has an intact "
                "emergency pack whose recovery point is within its tier's RPO. No pack is red.")  # fmt: skip
def emergency_packs_fresh(protection: Resource) -> dg.AssetCheckResult:
    """Names the weddings, the ages, and why."""
    with told_to_dagster():
        packer, now = _packer(protection, "dagster check"), protection.now()
        weddings, _ = known_dates(protection.source(), packer.archive)
        seen = [standing(packer.archive, one, packer.policy, now) for one in packer.near(weddings, now)]
    problems = [(one.near.scope, one.why, "Launch near_packs; see the runs of the sensor packs_behind.")
                for one in seen if not one.fresh]  # fmt: skip
    figures = {"near_weddings": len(seen), "fresh": sum(one.fresh for one in seen)}
    return result(problems, figures, {one.near.scope: one.near.tier for one in seen})
