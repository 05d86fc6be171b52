"""Which snapshots there are, by the ledger, in an order that pages can be cut from. Made once, and never changed."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from wedsync_dr.model import Kind, ScopeId, Tier
from wedsync_dr.vault.ledger_state import LedgerState

Entry = tuple[str, str, str]
"""Snapshot id, kind and id of the scope. An id begins with its instant, so entries sort by time."""


def entry_of(scope: ScopeId, snapshot_id: str) -> Entry:
    """Where a snapshot stands in the order."""
    return snapshot_id, scope.kind.value, scope.id


def place_of(entry: Entry) -> tuple[ScopeId, str]:
    """Which snapshot stands there: its scope and its id."""
    return ScopeId(Kind(entry[1]), entry[2]), entry[0]


class Listing:
    """The snapshots that the vault must have, oldest first: all, by tier, and by scope."""

    def __init__(self, state: LedgerState, tiers: Mapping[ScopeId, Tier | None]) -> None:
        self.by_scope: dict[ScopeId, list[str]] = {}
        by_tier: defaultdict[Tier | None, list[Entry]] = defaultdict(list)
        for (scope, snapshot_id), named in state.snapshots.items():
            if state.expected(named):
                self.by_scope.setdefault(scope, []).append(snapshot_id)
                by_tier[tiers.get(scope)].append(entry_of(scope, snapshot_id))
        self._by_tier = {tier: sorted(found) for tier, found in by_tier.items()}
        self._all = sorted(entry for found in by_tier.values() for entry in found)

    def __len__(self) -> int:
        return len(self._all)

    def everything(self, tier: Tier | None = None) -> Sequence[Entry]:
        """All snapshots, or those of the scopes that are in a tier now."""
        return self._all if tier is None else self._by_tier.get(tier, [])

    def of(self, scopes: Iterable[ScopeId]) -> Sequence[Entry]:
        """The snapshots of some scopes."""
        return sorted(entry_of(scope, one) for scope in scopes for one in self.by_scope.get(scope, ()))

    def has(self, scope: ScopeId, snapshot_id: str) -> bool:
        """Whether the vault must have this snapshot."""
        return snapshot_id in self.by_scope.get(scope, ())


def between(entries: Sequence[Entry], since: datetime | None, until: datetime | None) -> Sequence[Entry]:
    """Those taken from one instant on and before another one."""
    first = bisect_left(entries, (_stamp(since), "", "")) if since else 0
    last = bisect_left(entries, (_stamp(until), "", "")) if until else len(entries)
    return entries[first:last] if since or until else entries


def page(entries: Sequence[Entry], before: Entry | None, limit: int) -> tuple[list[Entry], bool]:
    """The newest of those that stand before an entry, the newest first; and whether there are more."""
    end = bisect_left(entries, before) if before else len(entries)
    first = max(0, end - limit)
    return list(reversed(entries[first:end])), first > 0


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%S.%f}Z"
