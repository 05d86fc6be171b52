"""The snapshots as assets: one per kind of scope, one partition per scope."""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from wedsync_dr.defs.failures import AGAIN, refused, some_failed, told_to_dagster
from wedsync_dr.defs.partitions import ASSETS, PARTITIONS, RECOVERY_POINTS
from wedsync_dr.defs.record import materializations, record
from wedsync_dr.defs.resources import Protection
from wedsync_dr.model import Kind, ScopeId, utc_text
from wedsync_dr.snapshot.take import take

RUN_PARTITIONS = 250
OWNERS = ["team:disaster-recovery"]
KINDS = {"postgres", "parquet"}
NIGHTLY = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=50), warn_window=timedelta(hours=26))
"""The lanes as a whole: each night's pass records every scope. What one wedding is promised, `within_rpo` says."""
DESCRIPTIONS = {
    Kind.WEDDING: "Every row that belongs to one wedding, at one instant, sealed under the wedding's own keys. "
    "Restore with the job `restore_wedding`.",
    Kind.VENDOR: "Every row that belongs to one vendor and to no wedding, at one instant, sealed under its own keys. "
    "Restore with the job `restore_vendor`.",
    Kind.PLATFORM: "The rows of one table that belong to no wedding and no vendor, at one instant, sealed. "
    "So every row of the database is in exactly one snapshot.",
}


def spec(kind: Kind) -> dg.AssetSpec:
    """The asset of a kind. Skippable: a run records what it took, key by key."""
    return dg.AssetSpec(
        ASSETS[kind],
        partitions_def=PARTITIONS[kind],
        skippable=True,
        group_name="snapshots",
        description=DESCRIPTIONS[kind],
        owners=OWNERS,
        kinds=KINDS,
        tags={"wedsync/scope": kind.value},
        freshness_policy=NIGHTLY,
    )


def snapshot_of(context: dg.AssetExecutionContext, protection: Protection, kind: Kind) -> None:
    """Snapshot the run's partitions at one instant. Those that fail are named, and stop no other."""
    if not context.partition_keys:
        raise refused("The partition range selects nothing.", remedy="Give its ends in the order of the partitions.")
    scopes = [ScopeId(kind, key) for key in context.partition_keys]
    with told_to_dagster():
        batch = take(
            protection.source(),
            protection.archive(),
            scopes,
            now=protection.now(),
            requested_by=f"dagster run {context.run.run_id}",
            policy=protection.policy(),
        )
    context.log.info(f"{len(batch.taken)} of {len(scopes)} scopes taken in {batch.seconds:.2f} s")
    record(context, list(materializations(batch.taken, protection.vault_url())))
    if batch.failed:
        raise some_failed([(failed.scope, failed.error) for failed in batch.failed])


def _asset(kind: Kind) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=f"take_{kind.value}_snapshot",
        specs=[spec(kind)],
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=RUN_PARTITIONS),
        retry_policy=AGAIN,
        op_tags={"wedsync/kind": kind.value},
    )
    def snapshot(
        context: dg.AssetExecutionContext, protection: dg.ResourceParam[Protection]
    ) -> Iterator[dg.AssetMaterialization]:
        snapshot_of(context, protection, kind)
        yield from ()  # an output would materialize each partition once more, also those that failed

    return snapshot


wedding_snapshot = _asset(Kind.WEDDING)
vendor_snapshot = _asset(Kind.VENDOR)
platform_snapshot = _asset(Kind.PLATFORM)


@dg.asset(
    key=RECOVERY_POINTS,
    freshness_policy=NIGHTLY,
    deps=list(ASSETS.values()),
    group_name="snapshots",
    description="What can be restored: the snapshots of all weddings, vendors and tables together. "
    "Its checks say whether they are intact, whole and fresh; the job `evidence` materializes it with them.",
    owners=OWNERS,
    kinds=KINDS,
)
def recovery_points(protection: dg.ResourceParam[Protection]) -> dg.MaterializeResult[None]:
    """Lists the vault. Needs no source, so that its checks also run while the source is down."""
    with told_to_dagster():
        refs = list(protection.archive().vault.snapshots())
    newest = max((utc_text(ref.taken_at) for ref in refs), default="none")
    return dg.MaterializeResult(
        metadata={"scopes": len({ref.scope for ref in refs}), "snapshots": len(refs), "newest": newest}
    )


ALL = (wedding_snapshot, vendor_snapshot, platform_snapshot, recovery_points)
