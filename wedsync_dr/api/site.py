"""What every request has at hand: settings, clock, vault, who has which token, how everything stands."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from wedsync_dr.access.identity import Identity
from wedsync_dr.access.issuer import SignedIdentities
from wedsync_dr.access.key_set import KeySet
from wedsync_dr.access.tokens import PREFIX, TokenBook, identify, token_book
from wedsync_dr.api.automations import Automations, DagsterAutomations
from wedsync_dr.api.calls import CallBook
from wedsync_dr.api.checker import Checker
from wedsync_dr.api.graphql import GraphQL
from wedsync_dr.api.limits import ALL_REFUSALS, CALLS, REFUSALS, Buckets, Rate
from wedsync_dr.api.manifests import Manifests
from wedsync_dr.api.once import Launcher
from wedsync_dr.api.runs import DagsterRuns, Runs
from wedsync_dr.api.standing import Standing
from wedsync_dr.errors import NotAuthenticated
from wedsync_dr.scope.survey import Source
from wedsync_dr.settings import Settings, open_archive, open_policy, open_source, places
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.ledger import Follower


@dataclass(frozen=True)
class Site:
    """Opened once a process. `archive` is for requests; the background looks with one of its own."""

    settings: Settings
    now: Callable[[], datetime]
    archive: Archive
    manifests: Manifests
    standing: Standing
    tokens: Follower[TokenBook]
    calls: CallBook
    checker: Checker
    within_rate: Buckets
    within_refusals: Buckets
    launcher: Launcher
    automations: Automations
    signed: SignedIdentities | None = None

    @property
    def runs(self) -> Runs:
        """The runs of Dagster."""
        return self.launcher.runs

    def source(self) -> Source:
        """The database that is protected, not yet connected to. Raises SettingsInvalid and RulesInvalid."""
        return open_source(self.settings)

    def identify(self, bearer: str) -> Identity:
        """Whose token this is. Raises NotAuthenticated, NotPermitted and IdentityUnavailable."""
        if bearer.startswith(PREFIX):
            return identify(self.tokens.now(), bearer, self.now())
        if self.signed is None:
            raise NotAuthenticated(
                "This is no token of wedsync-dr, and no issuer of identities is set.",
                remedy="`wedsync-dr tokens create` makes a token; WEDSYNC_OIDC_ISSUER names an issuer.",
            )
        return self.signed.identify(bearer, self.now())


def open_site(settings: Settings, now: Callable[[], datetime], rate: Rate = CALLS) -> Site:
    """Open everything that the settings name. Raises what `open_archive` does."""
    archive = open_archive(settings)
    where = places(settings)
    issuer, dagster = settings.issuer, GraphQL(settings.dagster_url)
    return Site(
        settings=settings,
        now=now,
        archive=archive,
        manifests=Manifests(archive),
        standing=Standing(replace(where, archive=cache(where.archive)), lambda: open_policy(settings), now),
        tokens=token_book(archive.ledger),
        calls=CallBook(archive.ledger, now, Buckets(REFUSALS), Buckets(ALL_REFUSALS)),
        checker=Checker(archive, now),
        within_rate=Buckets(rate),
        within_refusals=Buckets(REFUSALS),
        launcher=Launcher(DagsterRuns(dagster)),
        automations=DagsterAutomations(dagster),
        signed=SignedIdentities(issuer, KeySet(issuer.keys_url)) if issuer else None,
    )
