"""The step of a restore between its plan and its first write: another person's approval, or one alone."""

from collections.abc import Iterator
from dataclasses import replace

import dagster as dg

from wedsync_dr.approval import deciding, use
from wedsync_dr.approval.request import Asked, Person
from wedsync_dr.defs.failures import refused, told_to_dagster
from wedsync_dr.defs.resources import Protection
from wedsync_dr.defs.restore_form import GoAlone, RestoreRequest
from wedsync_dr.defs.restore_steps import Chosen, Planned, approved, plan_of
from wedsync_dr.model import ScopeId
from wedsync_dr.restore.permit import Permit
from wedsync_dr.restore.plan import RestorePlan

Resource = dg.ResourceParam[Protection]


def asked_for(protection: Protection, config: RestoreRequest, scope: ScopeId) -> Asked | None:
    """What was asked for under the request that the form names; None where it names none."""
    if not (request_id := config.request_id.strip()):
        return None
    one = deciding.find(protection.archive(), request_id)
    if one.request.asked.scope != scope:
        raise refused(f"Request {request_id} is not for {scope}.", remedy="Give the id that was asked for.")
    deciding.require_open(one, protection.now())
    return one.request.asked


def permit_of(protection: Protection, chosen: Chosen) -> Permit[RestorePlan] | None:
    """What lets the run write, where it is one that somebody asked for."""
    if not chosen.request_id:
        return None
    who, archive = Person(chosen.requested_by), protection.archive()
    return use.permit(archive, chosen.request_id, use_id=chosen.run_id, by=who, clock=protection.now)


@dg.op(
    description="Go on only where the form said so and the id was repeated, and where somebody asked for it, only with "
    "the approval of another person. A plan-only run ends here.",
    out=dg.Out(Planned, is_required=False),
)
def approve(context: dg.OpExecutionContext, planned: Planned, protection: Resource) -> Iterator[dg.Output[Planned]]:
    """The approval is in the ledger before anything changes."""
    if _ends(context, planned):
        return
    with told_to_dagster():
        _, made = plan_of(protection, planned.chosen)
        approved(planned, made)
        if planned.chosen.request_id:
            by = Person(planned.chosen.requested_by)
            use.require_permitted(protection.archive(), planned.chosen.request_id, made, by, protection.now())
        else:
            use.require_unasked(made, protection.policy().approvals)
            _note(protection, planned)
    yield dg.Output(planned)


@dg.op(
    description="One responder alone: the request and its reason are in the ledger, and everybody is alarmed, before "
    "anything changes. A plan-only run ends here.",
    out=dg.Out(Planned, is_required=False),
)
def approve_alone(
    context: dg.OpExecutionContext, config: GoAlone, planned: Planned, protection: Resource
) -> Iterator[dg.Output[Planned]]:
    """The run's id is the request's."""
    if _ends(context, planned):
        return
    with told_to_dagster():
        _, made = plan_of(protection, planned.chosen)
        source, archive, by = protection.source(), protection.archive(), Person(planned.chosen.requested_by)
        asked = use.asked_now(source, archive, approved(planned, made))
        approvals, now = protection.two_people()
        lasts, why = approvals.emergency_expires, config.reason
        deciding.ask_alone(archive, asked, request_id=context.run_id, by=by, reason=why, expires=lasts, now=now)
    yield dg.Output(replace(planned, chosen=replace(planned.chosen, request_id=context.run_id)))


def _ends(context: dg.OpExecutionContext, planned: Planned) -> bool:
    """Whether the run ends with its plan."""
    if planned.chosen.plan_only or planned.empty:
        why = "there is nothing to write" if planned.empty else "plan only: set plan_only to false and repeat the id"
        context.log.info(f"Nothing was changed ({why}).")
    return planned.chosen.plan_only or planned.empty


def _note(protection: Protection, planned: Planned) -> None:
    chosen = planned.chosen
    body = {"kind": chosen.scope.kind.value, "id": chosen.scope.id, "snapshot_id": chosen.snapshot_id}
    body |= {"plan": planned.fingerprint, "requested_by": chosen.requested_by}
    protection.archive().ledger.append("restore-approved", body, protection.now())
