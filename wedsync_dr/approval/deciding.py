"""Asking for a restore and deciding about it: each an entry in the ledger, which is looked at again once it stands
there: of two who were at it at once, the ledger's order decides."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from wedsync_dr.approval import standing as events
from wedsync_dr.approval.request import Asked, Person, Request, to_body
from wedsync_dr.approval.standing import (
    LEAST_REASON,
    MOST_REASON,
    Phase,
    Standing,
    confirms,
    is_reason,
    standings,
    standings_in,
)
from wedsync_dr.errors import ApprovalNeeded, ApprovalStale, NotTheOther, RequestNotFound
from wedsync_dr.model import utc_text
from wedsync_dr.vault.archive import Archive

CONFIRMED_FOR = timedelta(minutes=10)
"""How long a token to go alone counts."""
AGAIN = "Ask for the restore again: it is planned anew, and that plan is approved."


def ask(
    archive: Archive,
    asked: Asked,
    *,
    request_id: str,
    by: Person,
    reason: str,
    expires: timedelta,
    emergency: bool = False,
    now: datetime,
) -> Standing:
    """Write a request down. It counts for `expires`, and for nothing but this plan and this person."""
    request = Request(request_id, asked, by, reason.strip(), now, now + expires, emergency)
    archive.ledger.append(events.REQUESTED, to_body(request), now)
    return find(archive, request_id)


def all_requests(archive: Archive) -> dict[str, Standing]:
    """Every request by its id, the oldest first."""
    return standings_in(archive.ledger.known())


def find(archive: Archive, request_id: str) -> Standing:
    """How a request stands. Raises RequestNotFound."""
    found = standings(archive.ledger.known().requests.get(request_id, ())).get(request_id)
    if found is None:
        raise RequestNotFound(
            f"There is no request {request_id[:60]!r}.", remedy="`wedsync-dr approvals` lists those that there are."
        )
    return found


def approve(archive: Archive, request_id: str, *, by: Person, now: datetime) -> Standing:
    """Agree to a request of another person. Raises RequestNotFound, NotTheOther and ApprovalStale."""
    one = find(archive, request_id)
    require_open(one, now)
    if not one.may_approve(by, now):
        raise NotTheOther(
            f"Request {request_id} takes the approval of somebody who neither asked for it nor approved it yet.",
            remedy="Let another person approve it, with a token of their own.",
        )
    return _written(archive, events.APPROVED, one, by, now, lambda after: any(by.is_same(p) for p in after.approvers))


def refuse(archive: Archive, request_id: str, *, by: Person, reason: str, now: datetime) -> Standing:
    """End a request. Raises RequestNotFound and ApprovalStale."""
    one = find(archive, request_id)
    require_open(one, now)
    return _written(archive, events.REFUSED, one, by, now, lambda after: after.refused is not None, reason=reason)


def withdraw(archive: Archive, request_id: str, *, by: Person, now: datetime) -> Standing:
    """Take one's own request back. Raises RequestNotFound, NotTheOther and ApprovalStale."""
    one = find(archive, request_id)
    require_open(one, now)
    if not by.is_same(one.request.requester):
        raise NotTheOther(
            f"Request {request_id} is somebody else's.", remedy="Refuse it, or let the requester withdraw it."
        )
    return _written(archive, events.WITHDRAWN, one, by, now, lambda after: after.withdrawn)


def confirmation(archive: Archive, request_id: str, *, by: Person, token: str, now: datetime) -> datetime:
    """Let one person go alone on one request with a token that counts for ten minutes, once; until when.

    The ledger keeps the token's digest. Raises RequestNotFound, ApprovalNeeded and ApprovalStale.
    """
    one = find(archive, request_id)
    _require_emergency(one)
    require_open(one, now)
    expires = min(now + CONFIRMED_FOR, one.request.expires)
    token_digest, until = digest(token), utc_text(expires)
    _written(
        archive,
        events.CONFIRMATION,
        one,
        by,
        now,
        lambda after: token_digest in after.confirmations,
        confirmation=token_digest,
        expires=until,
    )
    return expires


def go_alone(
    archive: Archive, request_id: str, *, by: Person, reason: str, now: datetime, token: str | None = None
) -> Standing:
    """Do without a second person, in an emergency: it alarms everybody.

    With a `token`, only where `confirmation` issued it to this person. Raises RequestNotFound, ApprovalNeeded,
    NotTheOther and ApprovalStale.
    """
    one = find(archive, request_id)
    _require_emergency(one)
    require_open(one, now)
    _require_reason(reason)
    if token is not None and not confirms(one, digest(token), by, now):
        raise NotTheOther(
            f"This confirmation was not issued to you for request {request_id}, or has expired.",
            remedy="Ask for a confirmation of your own; it counts for ten minutes, once.",
        )
    if one.alone:
        raise ApprovalStale(f"Somebody went alone on request {request_id} already.", remedy="See how it stands now.")
    said = {"reason": reason.strip()} | ({"confirmation": digest(token)} if token is not None else {})
    return _written(archive, events.ALONE, one, by, now, lambda after: after.alone is not None, **said)


def ask_alone(
    archive: Archive, asked: Asked, *, request_id: str, by: Person, reason: str, expires: timedelta, now: datetime
) -> Standing:
    """Ask, and go alone at once. Raises ApprovalNeeded, and writes nothing, where the reason says too little."""
    _require_reason(reason)
    ask(archive, asked, request_id=request_id, by=by, reason=reason, expires=expires, emergency=True, now=now)
    return go_alone(archive, request_id, by=by, reason=reason, now=now)


def acknowledge(archive: Archive, request_id: str, *, by: Person, now: datetime) -> Standing:
    """Say that one has seen that somebody went alone, which ends the alarm. Raises RequestNotFound and NotTheOther."""
    one = find(archive, request_id)
    if one.alone is None or by.is_same(one.alone.by):
        raise NotTheOther(
            f"On request {request_id} nobody but you went alone."
            if one.alone
            else f"Nobody went alone on {request_id}.",
            remedy="Somebody else acknowledges it.",
        )
    return _written(
        archive, events.SEEN, one, by, now, lambda after: after.alone is not None and bool(after.alone.seen_by)
    )


def _require_reason(reason: str) -> None:
    if not is_reason(reason):
        raise ApprovalNeeded(
            "Going alone takes a reason.", remedy=f"Say why, in {LEAST_REASON} to {MOST_REASON} characters."
        )


def _require_emergency(one: Standing) -> None:
    if not one.request.emergency:
        raise ApprovalNeeded(
            f"Request {one.request.id} is not an emergency's: nobody goes alone on it.",
            remedy="Let another person approve it, or ask again as an emergency.",
        )


_OVER = {
    Phase.REFUSED: "was refused",
    Phase.WITHDRAWN: "was withdrawn",
    Phase.EXPIRED: "has expired",
    Phase.USED: "was used already",
    Phase.RESTORED: "was used already",
}


def require_open(one: Standing, now: datetime) -> None:
    """Raises ApprovalStale where a request is over."""
    if (phase := one.phase(now)) in _OVER:
        raise ApprovalStale(f"Request {one.request.id} {_OVER[phase]}.", remedy=AGAIN)


def require_approved(one: Standing, now: datetime) -> None:
    """Raises ApprovalStale where a request is over, and ApprovalNeeded where it is not approved as it takes now."""
    require_open(one, now)
    if lacks := one.lacks(now):
        hours = "; the wedding is under way, so two others must" if one.request.asked.needed(now) > 1 else ""
        raise ApprovalNeeded(
            f"Request {one.request.id} lacks {lacks} approval(s){hours}.",
            remedy=f"Another person approves it: `wedsync-dr approvals approve {one.request.id}`.",
        )


def digest(token: str) -> str:
    """What the ledger keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _written(
    archive: Archive,
    event: str,
    one: Standing,
    by: Person,
    now: datetime,
    took: Callable[[Standing], bool],
    **said: Any,
) -> Standing:
    """Append an entry, and see whether it counts: somebody else's may stand before it."""
    archive.ledger.append(event, {"request": one.request.id, "by": asdict(by), **said}, now)
    after = find(archive, one.request.id)
    if not took(after):
        require_open(after, now)
        raise ApprovalStale(f"Somebody else was faster with request {one.request.id}.", remedy="See how it stands now.")
    return after
