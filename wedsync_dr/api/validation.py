"""Having snapshots verified, and what was found."""

from collections.abc import Iterable
from datetime import timedelta
from statistics import mean
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from wedsync_dr.access.roles import Right
from wedsync_dr.api import validation_words as words
from wedsync_dr.api.backup_id import existing_backup, named_backup
from wedsync_dr.api.caller import Caller, Reader, demand
from wedsync_dr.api.problems import not_found
from wedsync_dr.api.wire import answer, example
from wedsync_dr.model import ScopeId
from wedsync_dr.verification.checked import Checked, CheckedBook

router = APIRouter(prefix="/api/backup/validation", tags=["validation"])

_SUMMED_UP = timedelta(days=30)
_NEWEST = 10
_MOST = 100
Verifier = Annotated[Caller, Depends(demand(Right.VERIFY))]
_WAITS = answer(202, words.WAITING, "Accepted: it takes longer; `poll` says where to look.")


@router.post("", responses={**example(words.DONE), **_WAITS}, summary="Have a snapshot verified")
def validate(asked: words.ValidationRequest, caller: Verifier, response: Response) -> words.ValidationAnswer:
    """QUICK: manifest and objects are there, signed, and named by the ledger. INTEGRITY_ONLY: and every byte has its
    digest, without a key. ENCRYPTION_ONLY: and the keys open, and every object authenticates. FULL: and the rows are
    those that were sealed.

    The ledger keeps the result. A large snapshot is verified later (202); a restart of the API loses what waits, and
    then its status is LOST.
    """
    ref = existing_backup(caller, asked.backup_id)
    manifest = caller.site.manifests.get(ref.scope, ref.snapshot_id)
    size = manifest.bytes if manifest else 0
    checked = caller.site.checker.verify(ref, asked.depth, caller.identity.subject, size)
    poll = None
    if checked.at is None:
        poll = f"{router.prefix}/{checked.id}"
        response.status_code = 202
        response.headers["Location"] = poll
    return words.ValidationAnswer(validation=_on_wire(caller, checked), poll=poll)


@router.get("", responses=example(words.LISTED), summary="What verifications found")
def validations(
    caller: Reader,
    validation_id: Annotated[str | None, Query(alias="validationId", min_length=1, max_length=40)] = None,
    backup_id: Annotated[str | None, Query(alias="backupId", min_length=1, max_length=500)] = None,
    organization_id: Annotated[str | None, Query(alias="organizationId", min_length=1, max_length=200)] = None,
) -> words.Validations:
    """One by its id; those of a snapshot, the newest first; else a summary of 30 days: of an organization, or of all
    that the caller may know of.
    """
    book = caller.site.checker.book
    if validation_id:
        return words.Validations(validation=_on_wire(caller, _named(caller, book, validation_id)))
    if backup_id:
        ref = named_backup(caller, backup_id)
        found = [one for one in _of_scopes(book, [ref.scope]) if one.ref.snapshot_id == ref.snapshot_id]
        return words.Validations(validations=[_on_wire(caller, one) for one in found[:_MOST]])
    return words.Validations(summary=_summary(caller, book, organization_id))


@router.get("/{validation_id}", responses=example(words.DONE), summary="How far a verification is")
def one_validation(caller: Reader, validation_id: str) -> words.ValidationAnswer:
    """To poll after 202."""
    checked = _named(caller, caller.site.checker.book, validation_id)
    poll = f"{router.prefix}/{checked.id}" if checked.at is None else None
    return words.ValidationAnswer(validation=_on_wire(caller, checked), poll=poll)


def _named(caller: Caller, book: CheckedBook, validation_id: str) -> Checked:
    checked = book.by_id.get(validation_id)
    if checked is None:
        raise not_found()
    caller.require(checked.ref.scope)
    return checked


def _of_scopes(book: CheckedBook, scopes: Iterable[ScopeId]) -> list[Checked]:
    """The newest first."""
    ids = (check_id for scope in scopes for check_id in tuple(book.by_scope.get(scope, ())))
    return sorted((book.by_id[one] for one in ids), key=lambda one: one.asked, reverse=True)


def _summary(caller: Caller, book: CheckedBook, organization_id: str | None) -> words.Summary:
    scopes = frozenset(tuple(book.by_scope)) if caller.sight is None else caller.sight
    if organization_id:
        scopes = scopes & caller.organization(organization_id)
    since = caller.site.now() - _SUMMED_UP
    done = [one for one in _of_scopes(book, scopes) if one.at and one.at >= since]
    shown = [_on_wire(caller, one) for one in done]
    scores = [one.validation_score for one in shown if one.validation_score is not None]
    return words.Summary(
        total_validations=len(done),
        valid_backups=sum(one.intact for one in done),
        invalid_backups=sum(not one.intact for one in done),
        average_validation_score=round(mean(scores), 1) if scores else None,
        validations=shown[:_NEWEST],
    )


def _on_wire(caller: Caller, checked: Checked) -> words.Validation:
    return words.validation(checked, caller.site.checker.state(checked))
