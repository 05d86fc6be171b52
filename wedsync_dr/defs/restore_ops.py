"""The steps of a restore: resolve, verify, plan, safety snapshot, apply, confirm; `approve_ops` has the one between."""

import dagster as dg

from wedsync_dr.approval.use import terms_of
from wedsync_dr.defs.approve_ops import asked_for, permit_of
from wedsync_dr.defs.failures import refused, told_to_dagster
from wedsync_dr.defs.partitions import ASSETS
from wedsync_dr.defs.resources import Protection
from wedsync_dr.defs.restore_form import RestoreRequest
from wedsync_dr.defs.restore_steps import Chosen, Planned, approved, plan_metadata, plan_of, point_of, summary_of
from wedsync_dr.model import utc_text
from wedsync_dr.restore.apply import apply_plan, refuse_conflicts
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.resolve import resolve as resolve_point
from wedsync_dr.restore.run import safety_snapshot as take_safety_snapshot

Resource = dg.ResourceParam[Protection]


@dg.op(description="Find the newest intact snapshot at or before the asked instant; damaged ones are named.")
def resolve(context: dg.OpExecutionContext, config: RestoreRequest, protection: Resource) -> Chosen:
    """Reads nothing before the form is in order."""
    with told_to_dagster():
        scope, instant = config.scope(), config.instant()
        asked = asked_for(protection, config, scope)
        named = asked.snapshot_id if asked else config.snapshot.strip() or None
        point = resolve_point(protection.archive(), scope, instant, snapshot_id=named)
        manifest = point.manifest
        own = config.terms(manifest.taken_at if named else instant)
        terms = terms_of(asked, own.rows) if asked else own
    metadata: dict[str, str] = {"scope": str(scope), "snapshot_id": manifest.snapshot_id}
    metadata |= {f"refused {snapshot}": ", ".join(f.code.value for f in found) for snapshot, found in point.refused}
    context.add_output_metadata(metadata | {"taken_at": utc_text(manifest.taken_at)})
    by = config.requested_by.strip() or f"dagster run {context.run_id}"
    ids = {"run_id": context.run_id, "request_id": config.request_id.strip()}
    return Chosen(scope, manifest.snapshot_id, manifest.taken_at, terms, config.plan_only, by, **ids)


@dg.op(description="Read every byte of the chosen snapshot: signature, ledger, SHA-256, decryption, content hash.")
def verify(context: dg.OpExecutionContext, chosen: Chosen, protection: Resource) -> Chosen:
    """Fails where the snapshot is not intact."""
    with told_to_dagster():
        manifest = point_of(protection, chosen).manifest
    context.add_output_metadata({"rows": manifest.rows, "bytes": manifest.bytes, "objects": len(manifest.objects)})
    return chosen


@dg.op(description="Compare the snapshot with the live rows: what to insert, update and delete, and what prevents it.")
def plan(context: dg.OpExecutionContext, chosen: Chosen, protection: Resource) -> Planned:
    """Reads only. Conflicts are shown; they fail the run where it is to change something."""
    with told_to_dagster():
        _, made = plan_of(protection, chosen)
        context.add_output_metadata(plan_metadata(made))
        context.log.info(summary_of(made))
        if not chosen.plan_only:
            refuse_conflicts(made)
    return Planned(chosen, made.fingerprint, made.empty)


@dg.op(description="Before `replace`: snapshot the scope as it is now, so that the restore can be taken back.")
def safety_snapshot(context: dg.OpExecutionContext, planned: Planned, protection: Resource) -> Planned:
    """`merge` deletes and changes nothing, so it needs none."""
    chosen = planned.chosen
    if chosen.terms.mode is Mode.replace:
        with told_to_dagster():
            where, now, by = (protection.source(), protection.archive()), protection.now(), chosen.requested_by
            snapshot_id = take_safety_snapshot(*where, chosen.scope, now=now, requested_by=by)
        context.add_output_metadata({"safety_snapshot_id": snapshot_id or "none: the source has no row of it"})
    return planned


@dg.op(
    description="Write the rows in one transaction. It commits only if the database then holds what the snapshot says."
)
def apply(context: dg.OpExecutionContext, planned: Planned, protection: Resource) -> Planned:
    """Applies the plan that was shown, or nothing."""
    with told_to_dagster():
        point, made = plan_of(protection, planned.chosen)
        where, by = (protection.source(), protection.archive()), planned.chosen.requested_by
        permit, now = permit_of(protection, planned.chosen), protection.now()
        done = apply_plan(*where, point, approved(planned, made), now=now, requested_by=by, permit=permit)
    context.add_output_metadata({**done.rows, "seconds": done.seconds})
    return planned


@dg.op(description="Look again from outside: nothing may be left to restore. The scope's partition shows the restore.")
def confirm(context: dg.OpExecutionContext, planned: Planned, protection: Resource) -> None:
    """Fails where the database does not hold what was restored."""
    chosen = planned.chosen
    with told_to_dagster():
        _, left = plan_of(protection, chosen)
    if not left.empty:
        raise refused(
            f"Rows of {chosen.scope} moved after the restore.", remedy="Plan again to see which tables differ."
        )
    metadata = {
        "restored_from": chosen.snapshot_id,
        "mode": chosen.terms.mode.value,
        "requested_by": chosen.requested_by,
    }
    asset = ASSETS[chosen.scope.kind]
    context.log_event(dg.AssetObservation(asset, "Restored.", partition=chosen.scope.id, metadata=metadata))
