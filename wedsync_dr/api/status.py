"""How the backups stand: the whole, an organization, a wedding, a vendor, or one snapshot. Never well because nothing
ran."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse

from wedsync_dr.api import status_words as words
from wedsync_dr.api.backup_id import existing_backup
from wedsync_dr.api.caller import Caller, Reader
from wedsync_dr.api.examples import STATUS as EXAMPLE
from wedsync_dr.api.view import View
from wedsync_dr.api.wire import example
from wedsync_dr.model import ScopeId
from wedsync_dr.vault.vault import SnapshotRef

router = APIRouter(tags=["status"])


@router.get("/api/backup/status", responses=example(EXAMPLE), summary="How the backups stand")
def status(
    caller: Reader,
    organization_id: Annotated[str | None, Query(alias="organizationId", min_length=1, max_length=200)] = None,
    wedding_id: Annotated[str | None, Query(alias="weddingId", min_length=1, max_length=200)] = None,
    vendor_id: Annotated[str | None, Query(alias="vendorId", min_length=1, max_length=200)] = None,
    backup_id: Annotated[str | None, Query(alias="backupId", min_length=1, max_length=500)] = None,
    *,
    detailed: bool = False,
) -> words.Status:
    """One of the parameters narrows it; without any it is the whole, or what the caller's organizations take part in.

    `verdict` is `well` only where everything was seen and every scope is within its objective; `unknown` where source
    or vault could not be read, or nobody has looked for five minutes.
    """
    view = caller.site.standing.view()
    now = caller.site.now()
    if backup_id:
        ref = existing_backup(caller, backup_id)
        return _of_backup(caller, view, ref, now, detailed=detailed)
    scopes = _scopes(caller, organization_id, wedding_id, vendor_id)
    if scopes is None:
        return _whole(view, now, detailed=detailed)
    part = view.part(scopes)
    return words.of_part(part, now, words.overview(part, caller.site.manifests, detailed=detailed))


def _scopes(
    caller: Caller, organization_id: str | None, wedding_id: str | None, vendor_id: str | None
) -> frozenset[ScopeId] | None:
    """What is asked about; None: everything."""
    if organization_id:
        return caller.organization(organization_id)
    named = [caller.wedding(wedding_id)] if wedding_id else [caller.vendor(vendor_id)] if vendor_id else []
    for scope in named:
        caller.require_existing(scope)
    return frozenset(named) or caller.sight


def _whole(view: View, now: datetime, *, detailed: bool) -> words.Status:
    """Worked out once a view: it is of everything."""
    name = f"status {detailed}"
    known = view.memo.get(name)
    answer = known if isinstance(known, words.Status) else words.of_whole(view, detailed=detailed)
    view.memo[name] = answer
    return words.aged(answer, view, now)


def _of_backup(caller: Caller, view: View, ref: SnapshotRef, now: datetime, *, detailed: bool) -> words.Status:
    manifest = caller.site.manifests.get(ref.scope, ref.snapshot_id)
    told = words.backup(ref, manifest, detailed=detailed)
    return words.of_part(view.part([ref.scope]), now).model_copy(update={"backup": told})


_METRICS = {"text/plain": {"example": "wedsync_snapshots 412\n"}}


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses={200: {"description": "Done.", "content": _METRICS}},
    summary="The same for Prometheus",
)
def metrics(caller: Reader) -> PlainTextResponse:
    """All of `wedsync-dr status` as metrics. For callers who are bound to no organization."""
    caller.require_unbound()
    return PlainTextResponse(caller.site.standing.view().metrics, media_type="text/plain; version=0.0.4")
