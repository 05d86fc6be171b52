"""Packs for all weddings that are near: those that would show something new are made, those of settled ones go."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from wedsync_dr.errors import DisasterRecoveryError, SourceRefused, SourceUnreachable
from wedsync_dr.model import Progress, ScopeId, silent
from wedsync_dr.pack.standing import WITHIN, Near, dates_of, near, outdated, over, sealed_dates
from wedsync_dr.pack.store import Made, discard, make
from wedsync_dr.schedule.policy import Policy
from wedsync_dr.scope.discovery import ScopeInfo
from wedsync_dr.scope.rules import Rules
from wedsync_dr.scope.survey import Source
from wedsync_dr.vault.archive import Archive


@dataclass
class Round:
    """What became of each wedding: made anew, current as it was, failed and why; and whose pack was removed."""

    made: dict[ScopeId, Made] = field(default_factory=dict)
    current: list[ScopeId] = field(default_factory=list)
    failed: dict[ScopeId, DisasterRecoveryError] = field(default_factory=dict)
    removed: list[ScopeId] = field(default_factory=list)


@dataclass(frozen=True)
class Packer:
    """Makes packs in one archive by one set of rules, for somebody."""

    archive: Archive
    rules: Rules
    policy: Policy
    time_zone: str
    requested_by: str

    def one_by_one(self, scopes: Iterable[ScopeId], now: datetime, progress: Progress = silent) -> Round:
        """A new pack for each; one that fails does not stop the others."""
        done, wanted = Round(), list(scopes)
        for number, scope in enumerate(wanted):
            progress("making packs", number, len(wanted))
            self._make(done, scope, now)
        progress("making packs", len(wanted), len(wanted))
        return done

    def all_near(
        self, weddings: Iterable[ScopeInfo], now: datetime, *, days: int = WITHIN, progress: Progress = silent
    ) -> Round:
        """New packs for the near weddings whose newest recovery point is newer than their pack; settled ones' packs
        go."""
        known = list(weddings)
        wanted = [one.scope for one in self.near(known, now, days) if outdated(self.archive, one)]
        done = self.one_by_one(wanted, now, progress)
        done.current = [one.scope for one in self.near(known, now, days) if one.scope not in wanted]
        for scope in over(self.archive, known, now, self.time_zone, self.policy):
            if discard(self.archive, scope, reason="settled", requested_by=self.requested_by, now=now):
                done.removed.append(scope)
        return done

    def behind(self, weddings: Iterable[ScopeInfo], now: datetime) -> list[str]:
        """What a round would do now: for each wedding whose pack is not of its newest recovery point, that point; and
        the settled ones that still have a pack."""
        newest, known = self.archive.ledger.known().newest, list(weddings)
        wanted = [one.scope for one in self.near(known, now) if outdated(self.archive, one)]
        settled = over(self.archive, known, now, self.time_zone, self.policy)
        return [f"{scope} {newest.get(scope)}" for scope in wanted] + [f"{scope} is settled" for scope in settled]

    def near(self, weddings: Iterable[ScopeInfo], now: datetime, days: int = WITHIN) -> list[Near]:
        """The weddings of the coming days, by this policy and time zone."""
        return near(weddings, now, self.time_zone, policy=self.policy, days=days)

    def _make(self, done: Round, scope: ScopeId, now: datetime) -> None:
        try:
            done.made[scope] = make(
                self.archive,
                scope,
                self.rules,
                now=now,
                requested_by=self.requested_by,
                default_zone=self.time_zone,
            )
        except DisasterRecoveryError as error:
            done.failed[scope] = error


def known_dates(source: Source | None, archive: Archive) -> tuple[list[ScopeInfo], str]:
    """The weddings and their dates from the source; where it cannot be read, as they were last sealed, and the reason.

    Packs are needed most in the hour in which the platform is down.
    """
    if source is not None:
        try:
            return dates_of(source), ""
        except (SourceUnreachable, SourceRefused) as error:
            return sealed_dates(archive), str(error)
    return sealed_dates(archive), "No source is set."
