"""Which scopes made up the platform at an instant, and which snapshots each of them can come back from."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from wedsync_dr.errors import DisasterRecoveryError, ScopeNotFound, SnapshotNotFound
from wedsync_dr.model import SCHEMA, Kind, Manifest, ScopeId, Tier, utc_text
from wedsync_dr.restore.resolve import RecoveryPoint, resolve
from wedsync_dr.schedule.policy import DEFAULT, Policy
from wedsync_dr.schedule.tiers import tier_of, zone_of
from wedsync_dr.scope.discovery import ScopeInfo
from wedsync_dr.snapshot.opening import open_snapshot
from wedsync_dr.snapshot.schema import SchemaObject
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.ledger_state import LedgerState
from wedsync_dr.vault.vault import SnapshotRef


@dataclass(frozen=True)
class Wanted:
    """A scope to bring back: its snapshots, newest first, and the newest one's manifest where that can be read."""

    scope: ScopeId
    tier: Tier | None
    snapshot_ids: tuple[str, ...]
    manifest: Manifest | None

    @property
    def rows(self) -> int:
        return self.manifest.rows if self.manifest else 0

    @property
    def bytes(self) -> int:
        return self.manifest.bytes if self.manifest else 0


@dataclass(frozen=True)
class Inventory:
    """The platform at `as_of`. `bare` scopes were there and have no snapshot; `gone` ones have and were not there.

    Tiers are by `policy`, as they are now.
    """

    as_of: datetime
    point: RecoveryPoint
    schema: SchemaObject
    wanted: tuple[Wanted, ...]
    bare: tuple[ScopeId, ...]
    gone: tuple[ScopeId, ...]
    policy: Policy = DEFAULT


def take_inventory(
    archive: Archive, as_of: datetime, *, now: datetime, time_zone: str, policy: Policy = DEFAULT
) -> Inventory:
    """What the platform was at `as_of`, from the newest intact schema object at or before it, and what came after that.

    Raises SnapshotNotFound where there is none, and Damaged where none is intact.
    """
    point = schema_point(archive, as_of)
    schema = SchemaObject.from_snapshot(open_snapshot(archive, point.manifest))
    known = {info.scope: info for info in schema.scopes}
    found = _snapshots(archive, as_of)
    back = _back_since(archive.ledger.known(), as_of)
    there = {s for s, refs in found.items() if s in known or s in back or refs[0].taken_at > point.manifest.taken_at}
    wanted = []
    for scope in sorted(there):
        manifest = _manifest(archive, found[scope][0])
        tier = _tier(scope, known.get(scope), manifest, now, time_zone, policy)
        wanted.append(Wanted(scope, tier, tuple(ref.snapshot_id for ref in found[scope]), manifest))
    return Inventory(
        as_of=as_of,
        point=point,
        schema=schema,
        wanted=tuple(wanted),
        bare=tuple(sorted(known.keys() - found.keys())),
        gone=tuple(sorted(found.keys() - there)),
        policy=policy,
    )


def _back_since(state: LedgerState, as_of: datetime) -> set[ScopeId]:
    """What was restored after the last batch: it is there again, and no batch has seen it yet."""
    return state.rewritten if utc_text(as_of) >= max(state.current.values(), default="") else set()


def schema_point(archive: Archive, as_of: datetime) -> RecoveryPoint:
    """The newest intact schema object at or before an instant. Raises SnapshotNotFound and Damaged."""
    remedy = "A snapshot of everything seals it: wedsync-dr snapshot --all. Single scopes can be restored without it."
    try:
        return resolve(archive, SCHEMA, as_of)
    except SnapshotNotFound as error:
        raise SnapshotNotFound(f"No schema object is that old. {error}", remedy=error.remedy) from None
    except ScopeNotFound:
        raise SnapshotNotFound("The vault has no schema object to rebuild the platform from.", remedy=remedy) from None


def _snapshots(archive: Archive, as_of: datetime) -> dict[ScopeId, list[SnapshotRef]]:
    """The snapshots of each scope at or before an instant, newest first."""
    found: defaultdict[ScopeId, list[SnapshotRef]] = defaultdict(list)
    state = archive.ledger.known()
    for ref in archive.vault.snapshots():
        if ref.scope != SCHEMA and ref.taken_at <= as_of and not state.is_safety(ref.scope, ref.snapshot_id):
            found[ref.scope].append(ref)
    return {scope: refs[::-1] for scope, refs in found.items()}


def _manifest(archive: Archive, ref: SnapshotRef) -> Manifest | None:
    try:
        return archive.vault.manifest(ref.scope, ref.snapshot_id, archive.verifier)
    except DisasterRecoveryError:
        return None


def _tier(
    scope: ScopeId, info: ScopeInfo | None, manifest: Manifest | None, now: datetime, time_zone: str, policy: Policy
) -> Tier | None:
    """A wedding's tier now: from its date; where the schema object does not know it yet, from its manifest."""
    if scope.kind is not Kind.WEDDING:
        return None
    if info:
        zone = zone_of(info.time_zone, time_zone)
        return tier_of(info.date, now, zone, until=info.end_date, policy=policy)
    return (manifest and manifest.tier) or Tier.CRITICAL
