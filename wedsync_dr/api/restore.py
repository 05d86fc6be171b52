"""Restores: planned, approved by another person, carried out, followed, stopped; each in a call of its own."""

import secrets
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Path, Query, Response

from wedsync_dr.access.roles import Right
from wedsync_dr.api import restoring
from wedsync_dr.api.backup_id import named_backup
from wedsync_dr.api.caller import Caller, Reader, demand
from wedsync_dr.api.manual import IdempotencyKey
from wedsync_dr.api.problems import Refusal, not_found
from wedsync_dr.api.restore_view import view_of
from wedsync_dr.api.restore_words import (
    EXAMPLE,
    ONE,
    AskedApply,
    AskedRefusal,
    AskedRestore,
    Confirmation,
    OneRestore,
    Restores,
    RestoreType,
)
from wedsync_dr.api.wire import answer, example
from wedsync_dr.approval import deciding
from wedsync_dr.approval.standing import Phase, Standing
from wedsync_dr.model import ScopeId, utc_text
from wedsync_dr.vault.vault import SnapshotRef

router = APIRouter(prefix="/api/recovery/restore", tags=["restore"])
RestoreId = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]
_NAMED = Query(alias="restoreId", min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")
Operator = Annotated[Caller, Depends(demand(Right.RESTORE))]
Approver = Annotated[Caller, Depends(demand(Right.APPROVE))]
Responder = Annotated[Caller, Depends(demand(Right.RESPOND))]
_ACCEPTED = answer(202, ONE | {"status": "EMERGENCY_RESTORE_INITIATED"}, "It is being carried out; poll `links.self`.")


@router.post("", responses={**example(ONE), **_ACCEPTED}, summary="Plan a restore, or go alone on an emergency's plan")
def plan(
    caller: Operator, wanted: AskedRestore, response: Response, idempotency_key: IdempotencyKey = None
) -> OneRestore:
    """Changes nothing: says what would change, which is what others approve, until when the plan counts, and its
    `restoreId`. What destroys nothing needs nobody. The same Idempotency-Key again tells of the same plan.

    In an emergency, the same call again with the `confirmationToken` that was issued for its plan carries it out.
    """
    ref = named_backup(caller, wanted.backup_id)
    _require_possible(caller, wanted, ref)
    if wanted.confirmation_token is None:
        restore_id = restoring.id_by_key(caller, idempotency_key) if idempotency_key else uuid4().hex[:16]
        return _told(caller, restoring.plan_and_ask(caller, wanted, ref, restore_id))
    caller.identity.require(Right.RESPOND)
    one = restoring.confirmed(caller, ref.scope, ref.snapshot_id, wanted.confirmation_token)
    response.status_code = 202
    return _go(caller, restoring.go_alone(caller, one, wanted.confirmation_token, wanted.reason))


def _require_possible(caller: Caller, wanted: AskedRestore, ref: SnapshotRef) -> None:
    if wanted.organization_id is not None:
        organization = caller.vendor(wanted.organization_id)
        if ref.scope not in caller.site.standing.sight(frozenset({organization.id})):
            raise not_found()
    if wanted.restore_type is RestoreType.TABLE_SPECIFIC and not wanted.target_tables:
        where = [{"pointer": "/body/targetTables", "detail": "TABLE_SPECIFIC has to name some."}]
        raise Refusal(422, "A restore of tables that names none.", errors=where)
    if wanted.confirmation_token is not None and not (wanted.is_emergency_restore and wanted.reason):
        what = "A confirmation goes with an emergency and a reason."
        raise Refusal(422, what, remedy="Send isEmergencyRestore: true and the reason as well.")


@router.post("/{restore_id}/approve", responses=example(ONE), summary="Agree to a restore of another person")
def approve(caller: Approver, restore_id: RestoreId) -> OneRestore:
    """For exactly the plan that was shown, until it expires, and once. Nobody approves what they asked for."""
    one, who = restoring.find(caller, restore_id), restoring.person_of(caller)
    return _told(caller, deciding.approve(caller.site.archive, one.request.id, by=who, now=caller.site.now()))


@router.post("/{restore_id}/refuse", responses=example(ONE), summary="End a restore that is asked for")
def refuse(caller: Approver, restore_id: RestoreId, why: AskedRefusal) -> OneRestore:
    """Whoever asked sees the reason."""
    one, who, now = restoring.find(caller, restore_id), restoring.person_of(caller), caller.site.now()
    archive, reason = caller.site.archive, why.reason
    return _told(caller, deciding.refuse(archive, one.request.id, by=who, reason=reason, now=now))


_CONFIRMATION = {
    "success": True,
    "restoreId": "5f0c1e7a9b3d",
    "confirmationToken": "k3Jp0m0bF5b1c7mC9xQyWg",
    "expiresAt": "2026-11-24T09:10:00.000000Z",
}


@router.post(
    "/{restore_id}/confirmation",
    responses=example(_CONFIRMATION),
    summary="What lets you go alone on an emergency's plan",
)
def confirm(caller: Responder, restore_id: RestoreId) -> Confirmation:
    """Bound to this plan and to the caller; counts for ten minutes, once. It is shown here and nowhere else."""
    one, token = restoring.find(caller, restore_id), secrets.token_urlsafe(24)
    who, now = restoring.person_of(caller), caller.site.now()
    expires = deciding.confirmation(caller.site.archive, one.request.id, by=who, token=token, now=now)
    return Confirmation(restore_id=restore_id, confirmation_token=token, expires_at=utc_text(expires))


@router.post("/{restore_id}/apply", status_code=202, responses=_ACCEPTED, summary="Carry out what was approved")
def apply(caller: Operator, restore_id: RestoreId, alone: AskedApply | None = None) -> OneRestore:
    """Starts the run; asked again while it is at work, tells of the same run. 409 where approvals lack, the plan is
    another one by now, or it is over: then ask again. In an emergency a responder sends `confirmationToken` and
    `reason` instead of waiting."""
    one = restoring.find(caller, restore_id)
    if alone and (alone.confirmation_token or alone.reason):
        caller.identity.require(Right.RESPOND)
        one = restoring.go_alone(caller, one, alone.confirmation_token, alone.reason)
    return _go(caller, one)


def _go(caller: Caller, one: Standing) -> OneRestore:
    restoring.carry_out(caller, one)
    return _told(caller, one)


def _told(caller: Caller, one: Standing) -> OneRestore:
    return OneRestore(**dict(view_of(caller, one)))


@router.get(
    "",
    responses=example({"success": True, "restore": EXAMPLE, "restores": None, "total": None, "nextCursor": None}),
    summary="How restores stand",
)
def restores(
    caller: Reader,
    restore_id: Annotated[str | None, _NAMED] = None,
    organization_id: Annotated[str | None, Query(alias="organizationId", min_length=1, max_length=200)] = None,
    phase: Annotated[list[Phase] | None, Query(description="Only those that are there.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=64, pattern=r"^[A-Za-z0-9-]+$")] = None,
) -> Restores:
    """One by `restoreId`, to be polled, or the newest first: those about an organization and the weddings it takes part
    in, or all. A restore that is not over yet is told with its run."""
    if restore_id is not None:
        return Restores(restore=view_of(caller, restoring.find(caller, restore_id)))
    sight = None if organization_id is None else _of_organization(caller, organization_id)
    found = [one for one in _newest_first(caller, sight) if not phase or one.phase(caller.site.now()) in phase]
    ids = [one.request.id for one in found]
    if cursor is not None and cursor not in ids:
        raise not_found()
    start = ids.index(cursor) + 1 if cursor else 0
    page = found[start : start + limit]
    more = start + limit < len(found)
    shown = [view_of(caller, one, look=one.phase(caller.site.now()) is Phase.USED) for one in page]
    return Restores(restores=shown, total=len(found), next_cursor=ids[start + limit - 1] if more else None)


def _of_organization(caller: Caller, text: str) -> frozenset[ScopeId]:
    return caller.site.standing.sight(frozenset({caller.vendor(text).id}))


def _newest_first(caller: Caller, sight: frozenset[ScopeId] | None) -> list[Standing]:
    known = [one for one in deciding.all_requests(caller.site.archive).values() if restoring.may_see(caller, one)]
    wanted = [one for one in known if sight is None or one.request.asked.scope in sight]
    return wanted[::-1]


@router.delete(
    "",
    status_code=202,
    responses=answer(202, ONE | {"status": "CANCELLED"}, "It commits nothing any more; its run ends in a moment."),
    summary="Stop a restore",
)
def cancel(caller: Operator, restore_id: Annotated[str, _NAMED]) -> OneRestore:
    """Before COMMIT: nothing is changed then. 409 where it is committed or over."""
    one = restoring.find(caller, restore_id)
    restoring.call_off(caller, one)
    return _told(caller, restoring.find(caller, restore_id))
