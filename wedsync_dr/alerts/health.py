"""How protection stands now: what was read of source, ledger and disk. A read that failed is kept as a fault."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import groupby

from wedsync_dr.alerts.places import SPACE_WARN, Places
from wedsync_dr.alerts.space import Space, space_of
from wedsync_dr.errors import DisasterRecoveryError, VaultUnavailable
from wedsync_dr.model import Kind, ScopeId, Tier
from wedsync_dr.schedule.due import Candidate, deadline
from wedsync_dr.schedule.policy import URGENCY, Policy
from wedsync_dr.snapshot.absent import vanished
from wedsync_dr.snapshot.candidates import candidates
from wedsync_dr.vault.ledger_state import LedgerState

_KINDS = (Kind.WEDDING, Kind.VENDOR, Kind.PLATFORM)


@dataclass(frozen=True)
class Lane:
    """The scopes of one kind and tier against their objective.

    `late` have missed it, the one that missed it first in front; `unprotected` have no recovery point at all. `oldest`
    is when the scope that was checked longest ago was last known to be current.
    """

    kind: Kind
    tier: Tier | None
    objective: timedelta
    scopes: int
    late: tuple[ScopeId, ...] = ()
    missed_since: datetime | None = None
    unprotected: tuple[ScopeId, ...] = ()
    oldest: datetime | None = None

    @property
    def within(self) -> int:
        return self.scopes - len(self.late) - len(self.unprotected)

    @property
    def name(self) -> str:
        return f"{self.kind.value} {self.tier.value}" if self.tier else self.kind.value


@dataclass(frozen=True)
class Health:
    """What was seen. `candidates` is None where the source, `ledger` where the vault could not be read: the fault says
    why.
    """

    at: datetime
    policy: Policy
    candidates: tuple[Candidate, ...] | None = None
    ledger: LedgerState | None = None
    source_fault: DisasterRecoveryError | None = None
    vault_fault: DisasterRecoveryError | None = None
    space: Space | None = None
    space_warn: int = SPACE_WARN
    channels: Collection[str] = ()

    @cached_property
    def lanes(self) -> tuple[Lane, ...]:
        """Weddings in all tiers, then vendors and platform tables, the most urgent first; none where nothing is
        known."""
        if self.candidates is None:
            return ()
        return tuple(_lanes(self.candidates, self.policy, self.at))

    @cached_property
    def vanished(self) -> tuple[ScopeId, ...]:
        """What has recovery points and is not in the source any more, unless somebody accepted that."""
        if self.candidates is None or self.ledger is None:
            return ()
        return tuple(vanished(self.ledger.newest, {one.scope for one in self.candidates}, self.ledger))

    @cached_property
    def snapshots(self) -> int:
        """How many snapshots the vault must have, by its ledger."""
        return sum(map(self.ledger.expected, self.ledger.snapshots.values())) if self.ledger else 0

    @property
    def wedding_tiers(self) -> frozenset[Tier]:
        """The tiers that have a wedding."""
        return frozenset(lane.tier for lane in self.lanes if lane.kind is Kind.WEDDING and lane.tier and lane.scopes)


def look(places: Places, policy: Policy, now: datetime) -> Health:
    """See how everything stands. It raises nothing of ours: what cannot be read is a fault in the answer."""
    known: LedgerState | None = None
    found: tuple[Candidate, ...] | None = None
    source_fault: DisasterRecoveryError | None = None
    vault_fault: DisasterRecoveryError | None = None
    try:
        archive = places.archive()
        known = archive.ledger.known()
        found = tuple(candidates(places.source(), archive, policy, now))
    except DisasterRecoveryError as error:
        if known is None or isinstance(error, VaultUnavailable):
            vault_fault = error
        else:
            source_fault = error
    return Health(
        at=now,
        policy=policy,
        candidates=found,
        ledger=None if vault_fault else known,
        source_fault=source_fault,
        vault_fault=vault_fault,
        space=space_of(places.vault),
        space_warn=places.space_warn,
        channels=places.channels,
    )


def _lanes(found: Iterable[Candidate], policy: Policy, now: datetime) -> Iterator[Lane]:
    def place(kind: Kind, tier: Tier | None) -> tuple[int, int]:
        return _KINDS.index(kind), URGENCY.index(tier) if tier else len(URGENCY)

    ordered = sorted(found, key=lambda one: place(one.scope.kind, one.tier))
    grouped = groupby(ordered, key=lambda one: (one.scope.kind, one.tier))
    lanes = {key: _lane(*key, list(members), policy, now) for key, members in grouped}
    for tier in URGENCY:
        lanes.setdefault((Kind.WEDDING, tier), _lane(Kind.WEDDING, tier, [], policy, now))
    yield from (lanes[key] for key in sorted(lanes, key=lambda key: place(*key)))


def _lane(kind: Kind, tier: Tier | None, members: list[Candidate], policy: Policy, now: datetime) -> Lane:
    protected = [(deadline(one, policy, now), one) for one in members if one.current_until]
    late = sorted(((latest, one.scope) for latest, one in protected if latest <= now))
    return Lane(
        kind,
        tier,
        policy.of(tier).rpo,
        len(members),
        tuple(scope for _, scope in late),
        late[0][0] if late else None,
        tuple(sorted(one.scope for one in members if one.current_until is None)),
        min((one.current_until for one in members if one.current_until), default=None),
    )
