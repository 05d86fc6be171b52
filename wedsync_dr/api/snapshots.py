"""The list of snapshots, page by page."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from wedsync_dr.api.backup_id import EXAMPLE, backup_id
from wedsync_dr.api.caller import Caller, Reader
from wedsync_dr.api.cursor import Cursor, cursor_of, position
from wedsync_dr.api.listing import Entry, between, page, place_of
from wedsync_dr.api.view import View
from wedsync_dr.api.wire import Instant, Wire, example
from wedsync_dr.model import Kind, ScopeId, Tier, utc_text
from wedsync_dr.vault.vault import SnapshotRef

router = APIRouter(prefix="/api/backup", tags=["snapshots"])

Limit = Annotated[int, Query(ge=1, le=100, description="How many at most.")]


class Snapshot(Wire):
    """A snapshot. What its manifest says is null where that cannot be read: a verification says why.

    `tier` is how urgent the scope is now, `tierThen` how urgent it was. A `safety` snapshot shows what a restore was
    about to replace, and is no recovery point.
    """

    backup_id: str
    kind: Kind
    scope_id: str
    taken_at: str
    tier: Tier | None
    tier_then: Tier | None
    file_size: int | None
    record_count: int | None
    readable: bool
    safety: bool


class Snapshots(Wire):
    """A page, the newest first. `total` counts all pages; `nextCursor` is null on the last one."""

    success: bool = True
    as_of: str
    snapshots: list[Snapshot]
    total: int
    next_cursor: str | None


_EXAMPLE = {
    "success": True,
    "asOf": "2026-11-24T09:00:05.000000Z",
    "snapshots": [
        {
            "backupId": EXAMPLE,
            "kind": "wedding",
            "scopeId": "6f1c7e42-0000-4000-8000-00000000000a",
            "takenAt": "2026-11-24T09:00:00.000000Z",
            "tier": "day_of",
            "tierThen": "day_of",
            "fileSize": 55120,
            "recordCount": 412,
            "readable": True,
            "safety": False,
        }
    ],
    "total": 1,
    "nextCursor": None,
}


@router.get("/snapshots", responses=example(_EXAMPLE), summary="Which snapshots there are")
def snapshots(
    caller: Reader,
    wedding_id: Annotated[str | None, Query(alias="weddingId", min_length=1, max_length=200)] = None,
    vendor_id: Annotated[str | None, Query(alias="vendorId", min_length=1, max_length=200)] = None,
    since: Annotated[Instant | None, Query(alias="from", description="Taken at this instant or later.")] = None,
    until: Annotated[Instant | None, Query(alias="to", description="Taken before this instant.")] = None,
    tier: Annotated[Tier | None, Query(description="Of scopes that are in this tier now.")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Snapshots:
    """The snapshots that the vault must have by its ledger, newest first; a new one is listed within seconds."""
    view = caller.site.standing.view()
    entries = between(_chosen(caller, view, wedding_id, vendor_id, tier), since, until)
    shown, more = page(entries, position(cursor), limit)
    return Snapshots(
        as_of=utc_text(view.health.at),
        snapshots=[_snapshot(caller, view, *place_of(entry)) for entry in shown],
        total=len(entries),
        next_cursor=cursor_of(shown[-1]) if more else None,
    )


def _chosen(
    caller: Caller, view: View, wedding_id: str | None, vendor_id: str | None, tier: Tier | None
) -> Sequence[Entry]:
    named = [caller.wedding(wedding_id)] if wedding_id else []
    named += [caller.vendor(vendor_id)] if vendor_id else []
    for scope in named:
        caller.require_existing(scope)
    if view.health.ledger is None or (tier is not None and view.blind):
        raise view.fault
    if not named and caller.sight is None:
        return view.listing.everything(tier)
    scopes = named or caller.sight or ()
    return view.listing.of(scope for scope in scopes if tier is None or _tier_of(view, scope) == tier)


def _snapshot(caller: Caller, view: View, scope: ScopeId, snapshot_id: str) -> Snapshot:
    manifest = caller.site.manifests.get(scope, snapshot_id)
    state = view.health.ledger
    return Snapshot(
        backup_id=backup_id(scope, snapshot_id),
        kind=scope.kind,
        scope_id=scope.id,
        taken_at=utc_text(SnapshotRef(scope, snapshot_id).taken_at),
        tier=_tier_of(view, scope),
        tier_then=manifest.tier if manifest else None,
        file_size=manifest.bytes if manifest else None,
        record_count=manifest.rows if manifest else None,
        readable=manifest is not None,
        safety=state is not None and state.is_safety(scope, snapshot_id),
    )


def _tier_of(view: View, scope: ScopeId) -> Tier | None:
    return view.candidates[scope].tier if scope in view.candidates else None
