"""The job that brings the whole platform back into an empty database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import dagster as dg

from wedsync_dr.approval.deciding import find
from wedsync_dr.approval.request import Person
from wedsync_dr.approval.use import permit_everything, require_permitted_everything, wanted_of_everything
from wedsync_dr.defs.failures import refused, told_to_dagster
from wedsync_dr.defs.instants import instant_of
from wedsync_dr.defs.partitions import RECOVERY_POINTS
from wedsync_dr.defs.platform_form import RestorePlatform, outcome_metadata, plan_metadata
from wedsync_dr.defs.resources import Protection
from wedsync_dr.restore.everything import apply_everything, plan_everything, require_applicable
from wedsync_dr.restore.permit import Permit
from wedsync_dr.restore.recovery import RecoveryPlan
from wedsync_dr.restore.waves import Order

Resource = dg.ResourceParam[Protection]


@dataclass(frozen=True)
class PlannedRecovery:
    """A plan that was shown and confirmed; the next step makes it again for the same instant."""

    as_of: datetime
    order: Order
    no_owner: bool
    requested_by: str
    run_id: str = ""
    request_id: str = ""

    def permit(self, protection: Protection) -> Permit[RecoveryPlan] | None:
        """What lets it write, where somebody asked for it."""
        if not self.request_id:
            return None
        who, archive = Person(self.requested_by), protection.archive()
        return permit_everything(archive, self.request_id, use_id=self.run_id, by=who, clock=protection.now)


@dg.op(
    description="What would come back, from which recovery points, in which waves, and what the target lacks.",
    out=dg.Out(is_required=False),
)
def plan_platform(
    context: dg.OpExecutionContext, config: RestorePlatform, protection: Resource
) -> Iterator[dg.Output[PlannedRecovery]]:
    """Reads only. Ends the run there unless the form says otherwise."""
    with told_to_dagster():
        as_of, order, no_owner = _wanted(protection, config)
        plan = _plan(protection, as_of, order, no_owner=no_owner)
        context.log_event(dg.AssetObservation(RECOVERY_POINTS, "What would come back.", metadata=plan_metadata(plan)))
        context.log.info(f"{plan.rows} rows in {len(plan.waves)} waves into {plan.target.identity.database}.")
        if config.plan_only:
            context.log.info("Nothing was written (plan only: set plan_only to false and confirm).")
            return
        if config.confirm.strip() != plan.target.identity.database:
            what = "`confirm` must repeat the name of the target database; nothing was written."
            raise refused(what, remedy="Fill it in as the plan shows it; then start again.")
        require_applicable(plan)
        by = config.requested_by.strip() or f"dagster run {context.run_id}"
        archive, request_id = protection.archive(), config.request_id.strip()
        require_permitted_everything(archive, request_id, plan, Person(by), *protection.two_people())
    ids = {"run_id": context.run_id, "request_id": request_id}
    planned = PlannedRecovery(plan.inventory.as_of, order, no_owner, by, **ids)
    yield dg.Output(planned, metadata=plan_metadata(plan))


@dg.op(description="Rebuild the platform, wave by wave, and read every table again. Run again, it goes on.")
def rebuild_platform(context: dg.OpExecutionContext, planned: PlannedRecovery, protection: Resource) -> None:
    """Fails, with a table, where a scope could not come back from its newest recovery point; the others are back."""
    with told_to_dagster():
        plan = _plan(protection, planned.as_of, planned.order, no_owner=planned.no_owner)
        archive, url, now = protection.archive(), protection.target_url(), protection.now()
        by, permit = planned.requested_by, planned.permit(protection)
        done = apply_everything(archive, url, plan, now=now, requested_by=by, permit=permit)
    context.add_output_metadata(outcome_metadata(done))
    if not done.whole:
        what = "The platform is back, but not all of it from its newest recovery points."
        remedy = dg.MetadataValue.text("docs/runbook.md, `The database is gone`, step 6.")
        raise dg.Failure(what, metadata={"remedy": remedy, **outcome_metadata(done)}, allow_retries=False)


def _wanted(protection: Protection, config: RestorePlatform) -> tuple[datetime | None, Order, bool]:
    """The instant, the order and whether owners stay behind, as the form or the request that it names says."""
    if not (request_id := config.request_id.strip()):
        return instant_of(config.as_of), Order(config.order.value), config.no_owner
    return wanted_of_everything(find(protection.archive(), request_id).request.asked)


def _plan(protection: Protection, as_of: datetime | None, order: Order, *, no_owner: bool) -> RecoveryPlan:
    archive, url, zone = protection.archive(), protection.target_url(), protection.time_zone()
    now = protection.now()
    return plan_everything(archive, url, as_of=as_of, order=order, no_owner=no_owner, now=now, time_zone=zone)


@dg.job(
    description="Rebuild the whole platform in the empty database that WEDSYNC_TARGET_URL names. Shows the plan and "
    "writes nothing, unless `plan_only` is false and `confirm` repeats the database's name. Killed at any point, a new "
    "run of it goes on where it stopped.",
    executor_def=dg.in_process_executor,
    tags={"wedsync/lane": "urgent", "dagster/priority": "100"},
)
def restore_platform() -> None:
    """Plan, then rebuild."""
    rebuild_platform(plan_platform())
