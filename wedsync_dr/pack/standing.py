"""Which weddings need a pack now, and how old what they have is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from wedsync_dr.model import SCHEMA, Kind, ScopeId, Tier
from wedsync_dr.restore.resolve import resolve
from wedsync_dr.schedule.policy import DEFAULT, Policy
from wedsync_dr.schedule.tiers import days_until, tier_of, today_in, zone_of
from wedsync_dr.schedule.words import spoken
from wedsync_dr.scope.discovery import ScopeInfo, weddings
from wedsync_dr.scope.survey import Source, survey
from wedsync_dr.snapshot.schema import SchemaObject
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.ledger_state import LedgerState
from wedsync_dr.vault.packs import Packs
from wedsync_dr.vault.vault import SnapshotRef
from wedsync_dr.verification.packs import check_pack

WITHIN = 7
"""Days before a wedding from which on it has a pack."""


@dataclass(frozen=True)
class Near:
    """A wedding of the coming days, or of yesterday."""

    scope: ScopeId
    days: int
    tier: Tier


@dataclass(frozen=True)
class PackStanding:
    """A wedding's pack. `age` is since its rows were last known to be the platform's; `why` it is not fresh."""

    near: Near
    pack_id: str | None
    snapshot_id: str | None
    age: timedelta | None
    rpo: timedelta
    why: str = ""

    @property
    def fresh(self) -> bool:
        """Whether it is intact and within its tier's objective."""
        return not self.why


def dates_of(source: Source) -> list[ScopeInfo]:
    """The weddings of the source with their dates. A read that failed raises; it is never "no wedding"."""
    with survey(source) as seen:
        return weddings(seen.reader, seen.catalog, seen.ownership)


def sealed_dates(archive: Archive) -> list[ScopeInfo]:
    """The same as the newest schema object has them, for the hour in which the source does not answer."""
    schema = SchemaObject.from_snapshot(resolve(archive, SCHEMA).snapshot(archive))
    return [info for info in schema.scopes if info.scope.kind is Kind.WEDDING]


def near(
    infos: Iterable[ScopeInfo], now: datetime, time_zone: str, *, policy: Policy = DEFAULT, days: int = WITHIN
) -> list[Near]:
    """Those from yesterday to so many days ahead, the nearest first. One without a date is not near."""
    found = []
    for info in infos:
        zone = zone_of(info.time_zone, time_zone)
        ahead = days_until(info.date, info.end_date, today_in(zone, now)) if info.date else -2
        if -1 <= ahead <= days:
            tier = tier_of(info.date, now, zone, until=info.end_date, policy=policy)
            found.append(Near(info.scope, ahead, tier))
    return sorted(found, key=lambda one: (one.days, one.scope))


def over(
    archive: Archive, infos: Iterable[ScopeInfo], now: datetime, time_zone: str, policy: Policy = DEFAULT
) -> list[ScopeId]:
    """Weddings that have a pack and are settled: nobody needs it any more, unless the wedding is held. One that is not
    among these weddings keeps its pack."""
    state = archive.ledger.known()
    held = {ref.scope for ref in Packs(archive.vault.store).refs()} | state.packs.keys()
    return [
        info.scope
        for info in infos
        if info.scope in held
        and not state.is_held(info.scope, now.date())
        and tier_of(info.date, now, zone_of(info.time_zone, time_zone), until=info.end_date, policy=policy)
        is Tier.SETTLED
    ]


def standing(archive: Archive, wanted: Near, policy: Policy, now: datetime) -> PackStanding:
    """How a wedding's pack stands. Reads the pack's bytes, not its content."""
    state, rpo = archive.ledger.known(), policy.of(wanted.tier).rpo
    ref = Packs(archive.vault.store).newest(wanted.scope)
    if ref is None and wanted.scope not in state.packs:
        return PackStanding(wanted, None, None, None, rpo, "There is no pack.")
    findings = list(check_pack(archive, wanted.scope, ref, state))
    if findings or ref is None:
        return PackStanding(wanted, ref.pack_id if ref else None, None, None, rpo, findings[0].detail)
    snapshot_id = state.packs[wanted.scope].snapshot_id
    age = now - _current_until(state, wanted.scope, snapshot_id)
    why = f"Its recovery point is {spoken(age)} old; the objective is {spoken(rpo)}." if age > rpo else ""
    return PackStanding(wanted, ref.pack_id, snapshot_id, age, rpo, why)


def outdated(archive: Archive, wanted: Near) -> bool:
    """Whether a new pack would show something else: there is a newer recovery point, or no intact pack."""
    state = archive.ledger.known()
    ref = Packs(archive.vault.store).newest(wanted.scope)
    if ref is None or any(check_pack(archive, wanted.scope, ref, state)):
        return True
    return state.newest.get(wanted.scope) != state.packs[wanted.scope].snapshot_id


def _current_until(state: LedgerState, scope: ScopeId, snapshot_id: str) -> datetime:
    """When the rows of a snapshot were last known to be the source's."""
    if state.newest.get(scope) == snapshot_id:
        return datetime.fromisoformat(state.current[scope])
    before, until = state.superseded.get(scope, ("", ""))
    if before == snapshot_id:
        return datetime.fromisoformat(until)
    return SnapshotRef(scope, snapshot_id).taken_at
