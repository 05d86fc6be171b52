"""Carrying out what was approved: exactly that plan, by whoever, once."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime

from wedsync_dr.approval import standing as events
from wedsync_dr.approval.asking import asked_of, digest_of, digest_of_everything, is_destructive
from wedsync_dr.approval.deciding import AGAIN, find, require_approved
from wedsync_dr.approval.hours import hours_of
from wedsync_dr.approval.request import Asked, Person
from wedsync_dr.errors import ApprovalNeeded, ApprovalStale, NotTheOther
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.permit import Permit
from wedsync_dr.restore.plan import RestorePlan, make_plan
from wedsync_dr.restore.recovery import RecoveryPlan
from wedsync_dr.restore.resolve import resolve
from wedsync_dr.restore.terms import Consent, RowChoice, Terms
from wedsync_dr.restore.waves import Order
from wedsync_dr.schedule.policy import Approvals
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.opening import open_snapshot
from wedsync_dr.vault.archive import Archive

Clock = Callable[[], datetime]


def plan_again(source: Source, archive: Archive, asked: Asked, rows: tuple[RowChoice, ...] = ()) -> RestorePlan:
    """The plan for what was asked, against the rows as they are now. Raises what resolving and planning raise."""
    assert asked.scope is not None  # noqa: S101
    point = resolve(archive, asked.scope, snapshot_id=asked.snapshot_id)
    return make_plan(source, archive, point, terms_of(asked, rows))


def asked_now(source: Source, archive: Archive, plan: RestorePlan) -> Asked:
    """What this plan asks for; what destroys rows of a wedding also knows its hours."""
    scope = plan.scope
    hours = hours_of(source, open_snapshot(archive, plan.manifest), scope) if is_destructive(plan) else ()
    return asked_of(plan, archive.signer, hours)


def require_unasked(plan: RestorePlan, approvals: Approvals) -> None:
    """Raises ApprovalNeeded where the policy wants another person for this plan, and nobody was asked."""
    if approvals.required and is_destructive(plan):
        raise needed(str(plan.scope))


def needed(what: str) -> ApprovalNeeded:
    """That somebody has to be asked first."""
    return ApprovalNeeded(
        f"Restoring {what} so takes the approval of another person (`[approvals] required` of the policy).",
        remedy="Ask for it: `wedsync-dr restore --request --reason TEXT` with the same options.",
    )


def terms_of(asked: Asked, rows: tuple[RowChoice, ...] = ()) -> Terms:
    """The terms of a request; whoever asked for single rows names them again."""
    consent = Consent(**dict.fromkeys(asked.consent, True))
    return Terms(Mode(asked.mode), asked.tables, rows, asked.as_of, consent)


def require_permitted(archive: Archive, request_id: str, plan: RestorePlan, by: Person, now: datetime) -> None:
    """Before anything is written: raises what using the approval on this plan would raise now."""
    _require_usable(archive, request_id, by, now)
    _require_same(archive, request_id, digest_of(plan, archive.signer))


def wanted_of_everything(asked: Asked) -> tuple[datetime | None, Order, bool]:
    """The instant, the order and whether owners stay behind, as a request for everything says.

    Raises ApprovalStale where it is for a scope.
    """
    if asked.scope is not None:
        raise ApprovalStale(f"That request is for {asked.scope}, not for everything.", remedy="Ask for everything.")
    return asked.as_of, Order(asked.mode), bool(asked.consent)


def require_permitted_everything(
    archive: Archive, request_id: str, plan: RecoveryPlan, by: Person, approvals: Approvals, now: datetime
) -> None:
    """Before anything is written: raises ApprovalNeeded and ApprovalStale where it may not be. An empty `request_id`:
    nobody was asked. A recovery that is under way in the target goes on."""
    if plan.target.run is not None:
        return
    if request_id:
        _require_usable(archive, request_id, by, now)
        _require_same(archive, request_id, digest_of_everything(plan, archive.signer))
    elif approvals.required:
        raise needed("everything")


def permit(archive: Archive, request_id: str, *, use_id: str, by: Person, clock: Clock) -> Permit[RestorePlan]:
    """What lets a restore write. It is used up by the first write that begins, whatever becomes of that.

    Its claim raises RequestNotFound, ApprovalNeeded, NotTheOther and ApprovalStale: the plan is another one, or it was
    used already.
    """

    def use(plan: RestorePlan) -> None:
        claim(archive, request_id, digest_of(plan, archive.signer), use_id, by, clock())

    return Permit(request_id, use)


def permit_everything(
    archive: Archive, request_id: str, *, use_id: str, by: Person, clock: Clock
) -> Permit[RecoveryPlan]:
    """The same for a recovery of the whole platform."""

    def use(plan: RecoveryPlan) -> None:
        claim(archive, request_id, digest_of_everything(plan, archive.signer), use_id, by, clock())

    return Permit(request_id, use)


def claim(archive: Archive, request_id: str, plan_digest: str, use_id: str, by: Person, now: datetime) -> None:
    """Use an approval up; the ledger's order decides who was first."""
    _require_usable(archive, request_id, by, now)
    _require_same(archive, request_id, plan_digest)
    body = {"request": request_id, "use": use_id, "by": asdict(by), "plan": plan_digest}
    archive.ledger.append(events.USED, body, now)
    after = find(archive, request_id)
    if after.use != use_id:
        require_approved(after, now)
        raise ApprovalStale(f"Request {request_id} was used already.", remedy=AGAIN)


def _require_usable(archive: Archive, request_id: str, by: Person, now: datetime) -> None:
    one = find(archive, request_id)
    require_approved(one, now)
    if not one.may_use(by):
        raise NotTheOther(
            f"Request {request_id} was approved for whoever asked for it, and that is somebody else.",
            remedy="Let them carry it out, or ask for it yourself.",
        )


def _require_same(archive: Archive, request_id: str, plan_digest: str) -> None:
    if find(archive, request_id).request.asked.plan != plan_digest:
        raise ApprovalStale(
            f"What request {request_id} would change is not what was approved: rows moved since. Nothing was changed.",
            remedy=AGAIN,
        )
