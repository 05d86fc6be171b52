"""What one look saw, and all that answers need of it: made in the background, and never changed."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from wedsync_dr.alerts.alert import Alert, AlertCode, Judgement
from wedsync_dr.alerts.conditions import judge, of_lanes
from wedsync_dr.alerts.health import Health
from wedsync_dr.alerts.metrics import exposition
from wedsync_dr.api.listing import Listing
from wedsync_dr.errors import DisasterRecoveryError, SourceUnreachable
from wedsync_dr.model import Kind, ScopeId, Tier
from wedsync_dr.schedule.due import Candidate, due_at
from wedsync_dr.vault.ledger_state import LedgerState

STALE = timedelta(minutes=5)
"""A view that is older says nothing of now."""

Members = dict[str, frozenset[ScopeId]]


@dataclass(frozen=True, eq=False)
class View:
    """How everything stood at `health.at`. A request may read it as often as it likes; nothing in it is slow. In `memo`
    answers about the whole are kept as long as the view is.
    """

    health: Health
    judged: Judgement
    metrics: str
    listing: Listing
    candidates: dict[ScopeId, Candidate]
    next_due: datetime | None
    members: Members | None = field(repr=False)
    memo: dict[str, object] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, health: Health, before: Members | None = None) -> "View":
        """Work everything out; takes its time. What has vanished from the source stays with those who were its members
        `before`: they are who asks for it back.
        """
        found = health.candidates or ()
        judged = judge(health)
        return cls(
            health=health,
            judged=judged,
            metrics=exposition(health, judged),
            listing=Listing(health.ledger or LedgerState(), {one.scope: one.tier for one in found}),
            candidates={one.scope: one for one in found},
            next_due=_next_due(found, health),
            members=None if health.candidates is None else _kept(_members(found), before or {}, health.vanished),
        )

    @property
    def blind(self) -> bool:
        """Whether source or vault could not be read: then what is not seen may be there."""
        return self.health.candidates is None or self.health.ledger is None

    @property
    def fault(self) -> DisasterRecoveryError:
        """Why something is not known."""
        return (
            self.health.source_fault
            or self.health.vault_fault
            or SourceUnreachable(
                "The source was not read for a while, so nobody knows who takes part in which wedding.",
                remedy="See that WEDSYNC_SOURCE_URL answers, and ask again.",
            )
        )

    def part(self, scopes: Collection[ScopeId]) -> "Part":
        """The same of some scopes alone."""
        found = tuple(self.candidates[scope] for scope in scopes if scope in self.candidates)
        return Part(self, replace(self.health, candidates=found), frozenset(scopes))

    @property
    def whole(self) -> "Part":
        """The same of everything that the source has."""
        return Part(self, self.health, self.candidates.keys())


@dataclass(frozen=True)
class Part:
    """How some scopes stood; those that the source has are the candidates of `health`."""

    view: View
    health: Health
    asked: Collection[ScopeId]

    @property
    def candidates(self) -> Sequence[Candidate]:
        return self.health.candidates or ()

    @cached_property
    def alerts(self) -> tuple[Alert, ...]:
        """What is wrong with these scopes: objectives, what verification found in them, and which have vanished."""
        return (*of_lanes(self.health.lanes, self.health.at), *self._touching())

    @property
    def next_due(self) -> datetime | None:
        """When the first of them is due."""
        return _next_due(self.candidates, self.health)

    def weddings(self, *tiers: Tier) -> list[Candidate]:
        """The weddings, of these tiers or of all."""
        found = (one for one in self.candidates if one.scope.kind is Kind.WEDDING)
        return [one for one in found if not tiers or one.tier in tiers]

    def _touching(self) -> Iterator[Alert]:
        mine = set(map(str, self.asked))
        for alert in self.view.judged.alerts:
            if alert.code in _NAMING and (touched := tuple(one for one in alert.subjects if one in mine)):
                yield replace(alert, title=_NAMING[alert.code], subjects=touched)


_NAMING = {
    AlertCode.VERIFICATION_FINDINGS: "Verification found damage in snapshots of these.",
    AlertCode.VANISHED: "In the vault and not in the source any more; the snapshots stay.",
}


def _kept(now: Members, before: Members, gone: Collection[ScopeId]) -> Members:
    lost = set(gone)
    stay = {one: known & lost for one, known in before.items() if known & lost}
    return {one: now.get(one, frozenset()) | stay.get(one, frozenset()) for one in {*now, *stay}}


def _members(found: Iterable[Candidate]) -> Members:
    vendors = (one for one in found if one.scope.kind is Kind.VENDOR)
    return {one.scope.id: frozenset((one.scope, *one.booked)) for one in vendors}


def _next_due(found: Iterable[Candidate], health: Health) -> datetime | None:
    times = (due_at(one, health.policy, health.at) for one in found if one.running_since is None)
    return min(times, default=None)
