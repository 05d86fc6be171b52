"""How requests stand: a pure fold over the ledger's entries, whose order decides who was first.

An entry that was not allowed when it was written changes nothing: whoever wrote it looks again and is told.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from wedsync_dr.approval.request import Person, Request, from_body, instant_from
from wedsync_dr.vault.ledger_state import LedgerState

LEAST_REASON, MOST_REASON = 10, 500  # characters of a reason to go alone

Entry = tuple[str, Mapping[str, Any]]
"""An event and its body, with `at`."""


class Phase(StrEnum):
    """Where a request is. Only an `approved` one can be used."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    USED = "used"
    RESTORED = "restored"


@dataclass(frozen=True)
class Alone:
    """One responder went alone, in an emergency: who, why, when, and who has seen it since."""

    by: Person
    reason: str
    at: datetime
    seen_by: Person | None = None


@dataclass(frozen=True)
class Standing:
    """A request and what became of it. `use` is the id of the one use; `confirmations` the digests of tokens that let
    somebody go alone, whose, and until when."""

    request: Request
    approvers: tuple[Person, ...] = ()
    alone: Alone | None = None
    refused: tuple[Person, str] | None = None
    withdrawn: bool = False
    use: str | None = None
    restored: Mapping[str, Any] | None = None
    confirmations: Mapping[str, tuple[Person, datetime]] = field(default_factory=dict)

    def phase(self, now: datetime) -> Phase:
        """Where it is now."""
        if self.use is not None:
            return Phase.RESTORED if self.restored is not None else Phase.USED
        if self.refused:
            return Phase.REFUSED
        if self.withdrawn:
            return Phase.WITHDRAWN
        if now >= self.request.expires:
            return Phase.EXPIRED
        return Phase.APPROVED if self.is_enough(now) else Phase.WAITING

    def is_open(self, now: datetime) -> bool:
        """Whether somebody can still decide about it or use it."""
        return self.phase(now) in (Phase.WAITING, Phase.APPROVED)

    def is_enough(self, now: datetime) -> bool:
        """Whether as many have approved as it takes now, or one went alone."""
        return self.alone is not None or len(self.approvers) >= self.request.asked.needed(now)

    def lacks(self, now: datetime) -> int:
        """How many approvals are missing."""
        return 0 if self.alone else max(0, self.request.asked.needed(now) - len(self.approvers))

    def may_approve(self, person: Person, now: datetime) -> bool:
        """Whether an approval by this person would count."""
        others = (self.request.requester, *self.approvers)
        return self.is_open(now) and not any(person.is_same(other) for other in others)

    def may_use(self, person: Person) -> bool:
        """Whether it is this person's to carry out: theirs who asked, or who went alone."""
        return person.is_same(self.request.requester) or (self.alone is not None and person.is_same(self.alone.by))

    def may_go_alone(self, reason: str, now: datetime) -> bool:
        """Whether one responder may do it alone for this reason."""
        return self.request.emergency and self.is_open(now) and is_reason(reason)


def is_reason(text: str) -> bool:
    """Whether a reason says enough, and not too much."""
    return LEAST_REASON <= len(text.strip()) <= MOST_REASON


def standings(entries: Iterable[Entry]) -> dict[str, Standing]:
    """Every request by its id, the oldest first."""
    found: dict[str, Standing] = {}
    for event, body in entries:
        key, at = body.get("request"), instant_from(body["at"])
        if key is None:
            continue
        if event == REQUESTED:
            found.setdefault(key, Standing(from_body(body, at)))
        elif key in found and event in _FOLD:
            found[key] = _FOLD[event](found[key], body, at)
    return found


def standings_in(state: LedgerState) -> dict[str, Standing]:
    """Every request that a ledger's state knows, by its id, the oldest first."""
    return standings(entry for entries in list(state.requests.values()) for entry in list(entries))


def _approved(one: Standing, body: Mapping[str, Any], at: datetime) -> Standing:
    by = Person(**body["by"])
    return replace(one, approvers=(*one.approvers, by)) if one.may_approve(by, at) else one


def _refused(one: Standing, body: Mapping[str, Any], at: datetime) -> Standing:
    return replace(one, refused=(Person(**body["by"]), body["reason"])) if one.is_open(at) else one


def _withdrawn(one: Standing, body: Mapping[str, Any], at: datetime) -> Standing:
    own = Person(**body["by"]).is_same(one.request.requester)
    return replace(one, withdrawn=True) if own and one.is_open(at) else one


def _alone(one: Standing, body: Mapping[str, Any], at: datetime) -> Standing:
    if one.alone or not one.may_go_alone(body["reason"], at):
        return one
    by, token = Person(**body["by"]), body.get("confirmation")
    if token is not None and not confirms(one, token, by, at):
        return one
    return replace(one, alone=Alone(by, body["reason"], at))


def _confirmation(one: Standing, body: Mapping[str, Any], at: datetime) -> Standing:
    issued = {body["confirmation"]: (Person(**body["by"]), instant_from(body["expires"]))}
    return replace(one, confirmations={**one.confirmations, **issued}) if one.is_open(at) else one


def confirms(one: Standing, token: str, by: Person, at: datetime) -> bool:
    """Whether a token (its digest) was issued to this person for this request, and still counts."""
    whose, expires = one.confirmations.get(token, (None, at))
    return whose is not None and whose.is_same(by) and at < expires


def _seen(one: Standing, body: Mapping[str, Any], _at: datetime) -> Standing:
    by = Person(**body["by"])
    if one.alone is None or one.alone.seen_by or by.is_same(one.alone.by):
        return one
    return replace(one, alone=replace(one.alone, seen_by=by))


def _used(one: Standing, body: Mapping[str, Any], at: datetime) -> Standing:
    """The first use that was allowed is the only one."""
    fits = body["plan"] == one.request.asked.plan and one.may_use(Person(**body["by"]))
    return replace(one, use=body["use"]) if fits and one.phase(at) is Phase.APPROVED else one


def _restored(one: Standing, body: Mapping[str, Any], _at: datetime) -> Standing:
    return replace(one, restored=body) if one.use is not None else one


REQUESTED, APPROVED, REFUSED = "restore-requested", "restore-approved", "restore-refused"
WITHDRAWN, ALONE, SEEN = "restore-withdrawn", "restore-alone", "alone-acknowledged"
CONFIRMATION, USED, RESTORED = "confirmation-issued", "approval-used", "restored"

_FOLD: dict[str, Callable[[Standing, Mapping[str, Any], datetime], Standing]] = {
    APPROVED: _approved,
    REFUSED: _refused,
    WITHDRAWN: _withdrawn,
    ALONE: _alone,
    SEEN: _seen,
    CONFIRMATION: _confirmation,
    USED: _used,
    RESTORED: _restored,
}
