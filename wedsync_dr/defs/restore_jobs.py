"""The jobs that put one wedding or one vendor back."""

import dagster as dg

from wedsync_dr.defs import approve_ops
from wedsync_dr.defs import restore_ops as step
from wedsync_dr.defs.restore_form import emergency_form, vendor_form, wedding_form

HOW = (
    "Shows the plan and changes nothing, unless `plan_only` is false and `confirm` repeats the id. "
    "The newest intact snapshot is used; damaged ones are refused and named. "
    "Applying is one transaction that commits only if the database then holds what the snapshot says."
)


@dg.graph
def restore() -> None:
    """From the form to a database that was looked at again; each step fails the run or hands ids to the next."""
    chosen = step.verify(step.resolve())
    planned = approve_ops.approve(step.plan(chosen))
    step.confirm(step.apply(step.safety_snapshot(planned)))


@dg.graph
def restore_alone() -> None:
    """The same, with a reason in the place of a second person."""
    chosen = step.verify(step.resolve())
    planned = approve_ops.approve_alone(step.plan(chosen))
    step.confirm(step.apply(step.safety_snapshot(planned)))


def _job(graph: dg.GraphDefinition, name: str, what: str, form: dg.ConfigMapping) -> dg.JobDefinition:
    return graph.to_job(
        name=name,
        description=f"{what} {HOW}",
        config=form,
        executor_def=dg.in_process_executor,
        tags={"wedsync/lane": "urgent", "dagster/priority": "100"},
    )


ALONE = (
    "In an emergency put one wedding or vendor back without asking a second person: it takes a reason and alarms all."
)

restore_wedding = _job(restore, "restore_wedding", "Put one wedding back.", wedding_form)
restore_vendor = _job(restore, "restore_vendor", "Put one vendor back.", vendor_form)
emergency_restore = _job(restore_alone, "emergency_restore", ALONE, emergency_form)
ALL = (restore_wedding, restore_vendor, emergency_restore)
