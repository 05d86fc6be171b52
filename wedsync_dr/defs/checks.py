"""Four checks that can fail. They run in their own job, `evidence`, never beside a backfill, and name what failed."""

import dagster as dg

from wedsync_dr.defs.check_results import gaps, of_drift, of_finding, result
from wedsync_dr.defs.failures import told_to_dagster
from wedsync_dr.defs.partitions import RECOVERY_POINTS
from wedsync_dr.defs.resources import Protection
from wedsync_dr.defs.standing import standing
from wedsync_dr.model import utc_text
from wedsync_dr.restore.drifted import drift_since
from wedsync_dr.restore.mapping import Fit
from wedsync_dr.verification.comparison import compare_with_source
from wedsync_dr.verification.record import verify_on_record

Resource = dg.ResourceParam[Protection]


@dg.asset_check(
    asset=RECOVERY_POINTS,
    description="Reads every byte of every snapshot: signature, ledger, SHA-256, decryption, content hash, references. "
    "Nothing to read is red.",
)
def snapshots_intact(protection: Resource) -> dg.AssetCheckResult:
    """Needs no source: integrity is also checked while the source is down. Damage is an error whatever the tier."""
    with told_to_dagster():
        by = "dagster check snapshots_intact"
        verification = verify_on_record(protection.archive(), now=protection.now(), requested_by=by)
    figures = {"snapshots_read": verification.checked, "bytes_read": verification.bytes}
    return result([of_finding(finding) for finding in verification.findings], figures)


@dg.asset_check(
    asset=RECOVERY_POINTS,
    description="Reads the source again and compares its rows with the newest snapshots. Rows that moved are counted; "
    "red where a snapshot no longer shows the source and is older than its tier's RPO.",
)
def rows_match_source(protection: Resource) -> dg.AssetCheckResult:
    """An edit made after the snapshot is no failure until the tier's RPO has passed."""
    with told_to_dagster():
        compared = compare_with_source(protection.source(), protection.archive(), now=protection.now())
    late = [one for one in compared.moved if one.late]
    remedy = "Snapshot it now: materialize its partition, or launch snapshot_wave."
    problems = [(one.scope, f"Its rows differ from the snapshot of {utc_text(one.taken_at)}.", remedy) for one in late]
    figures = {"scopes_compared": compared.counts.total(), "moved_within_rpo": len(compared.moved) - len(late)}
    return result(problems, figures, {one.scope: one.tier for one in late})


@dg.asset_check(
    asset=RECOVERY_POINTS,
    description="Every wedding, vendor and table of the source has a snapshot. No snapshot at all is red.",
)
def nothing_unprotected(protection: Resource) -> dg.AssetCheckResult:
    """A new table is here until its first snapshot, which the next full pass takes."""
    with told_to_dagster():
        seen = standing(protection)
    figures = {"scopes_in_source": len(seen.present), "scopes_in_vault": len(seen.held)}
    return result(list(gaps(seen)), figures, seen.present)


@dg.asset_check(
    asset=RECOVERY_POINTS,
    description="The newest snapshots' tables and columns are those of the source; what moved is named, with what it "
    "means for restores. A warning, unless restores of a table would be refused.",
)
def schema_unchanged(protection: Resource) -> dg.AssetCheckResult:
    """Green again once scopes whose rows moved with the schema have new snapshots."""
    with told_to_dagster():
        drifted = drift_since(protection.source(), protection.archive())
    figures = {
        "snapshots_compared": drifted.compared,
        "snapshots_of_another_schema": drifted.other_schema,
        "snapshots_looked_into": drifted.looked_into,
    }
    urgent = not drifted.compared or any(column.fit is Fit.IMPOSSIBLE for _, column in drifted.columns())
    return result(list(of_drift(drifted)), figures, urgent=urgent)


evidence = dg.define_asset_job(
    "evidence",
    dg.AssetSelection.assets(RECOVERY_POINTS),
    description="List what can be restored, and run every check on it: what operators and auditors read.",
    executor_def=dg.in_process_executor,
    tags={"wedsync/lane": "bulk"},
)
ALL = (snapshots_intact, rows_match_source, nothing_unprotected, schema_unchanged)
