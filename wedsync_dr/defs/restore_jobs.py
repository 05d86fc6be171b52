"""The jobs that put one wedding or one vendor back."""

import dagster as dg

from wedsync_dr.defs import restore_ops as step
from wedsync_dr.defs.restore_form import vendor_form, wedding_form

HOW = (
    "Shows the plan and changes nothing, unless `plan_only` is false and `confirm` repeats the id. "
    "The newest intact snapshot is used; damaged ones are refused and named. "
    "Applying is one transaction that commits only if the database then holds what the snapshot says."
)


@dg.graph
def restore() -> None:
    """From the form to a database that was looked at again; each step fails the run or hands ids to the next."""
    chosen = step.verify(step.resolve())
    planned = step.approve(step.plan(chosen))
    step.confirm(step.apply(step.safety_snapshot(planned)))


def _job(name: str, what: str, form: dg.ConfigMapping) -> dg.JobDefinition:
    return restore.to_job(
        name=name,
        description=f"Put one {what} back. {HOW}",
        config=form,
        executor_def=dg.in_process_executor,
        tags={"wedsync/lane": "urgent", "dagster/priority": "100"},
    )


restore_wedding = _job("restore_wedding", "wedding", wedding_form)
restore_vendor = _job("restore_vendor", "vendor", vendor_form)
