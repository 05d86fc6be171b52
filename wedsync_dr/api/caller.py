"""Who is calling, what they may do, and which scopes they may know of."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from wedsync_dr.access.identity import Identity
from wedsync_dr.access.roles import Right
from wedsync_dr.api.problems import not_found, too_many
from wedsync_dr.api.site import Site
from wedsync_dr.errors import DisasterRecoveryError, NotAuthenticated
from wedsync_dr.model import Kind, ScopeId

_BEARER = HTTPBearer(
    auto_error=False, description="A token of `wedsync-dr tokens create`, or one that the issuer of identities signed."
)
Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]


@dataclass(frozen=True)
class Caller:
    """A caller whose credentials held and whose role may do what the route does."""

    identity: Identity
    request_id: str
    site: Site

    @property
    def bound(self) -> bool:
        """Whether the caller belongs to organizations, and sees those alone."""
        return self.identity.organizations is not None

    @cached_property
    def sight(self) -> frozenset[ScopeId] | None:
        """The scopes that the caller may know of; None: all. Raises what stopped the reading of the source."""
        bound_to = self.identity.organizations
        return None if bound_to is None else self.site.standing.sight(bound_to)

    def sees(self, scope: ScopeId) -> bool:
        """Whether the caller may know of a scope. Raises what stopped the reading of the source."""
        return self.sight is None or scope in self.sight

    def require(self, *scopes: ScopeId) -> None:
        """Raises the same refusal for a scope that is not the caller's as for one that nobody has."""
        if not all(map(self.sees, scopes)):
            raise not_found()

    def require_existing(self, scope: ScopeId) -> None:
        """Raises that refusal also for a scope that, when it was last looked, neither source nor vault had.

        Raises what stopped the reading of either, where that is why nobody knows.
        """
        self.require(scope)
        view = self.site.standing.view()
        if scope in view.candidates or scope in view.listing.by_scope:
            return
        raise view.fault if view.blind else not_found()

    def require_unbound(self) -> None:
        """For what is about everybody: raises that refusal for a caller who belongs to organizations."""
        if self.bound:
            raise not_found()

    def wedding(self, text: str) -> ScopeId:
        """The wedding that a request names, by id or by key, if the caller may know of it. Raises MalformedId."""
        return self._named(Kind.WEDDING, text)

    def vendor(self, text: str) -> ScopeId:
        """The vendor or organization that a request names, likewise."""
        return self._named(Kind.VENDOR, text)

    def organization(self, text: str) -> frozenset[ScopeId]:
        """An organization that a request names and the weddings it takes part in, as far as the caller may know of it.

        Raises that refusal, and what stopped the reading of the source.
        """
        scope = self.vendor(text)
        self.require_existing(scope)
        view = self.site.standing.view()
        if view.members is None:
            raise view.fault
        return frozenset(one for one in view.members.get(scope.id, frozenset((scope,))) if self.sees(one))

    def _named(self, kind: Kind, text: str) -> ScopeId:
        scope = ScopeId.named(kind, text)
        self.require(scope)
        return scope


def site_of(request: Request) -> Site:
    """What this process has at hand."""
    site = request.app.state.site
    assert isinstance(site, Site)  # noqa: S101
    return site


def demand(right: Right) -> Callable[..., Caller]:
    """A dependency: the caller, if the credentials hold (else 401), within the rate (429), with this right (403)."""

    def caller(request: Request, credentials: Credentials) -> Caller:
        site = site_of(request)
        identity = _identity(site, request, credentials)
        request.state.identity = identity
        if wait := site.within_rate.take(identity.token_id or identity.subject):
            raise too_many(wait)
        identity.require(right)
        return Caller(identity, request.state.request_id, site)

    return caller


def _identity(site: Site, request: Request, credentials: HTTPAuthorizationCredentials | None) -> Identity:
    try:
        if credentials is None:
            raise NotAuthenticated("No bearer token.", remedy="Send `Authorization: Bearer …` with a token.")
        return site.identify(credentials.credentials)
    except DisasterRecoveryError:
        if wait := site.within_refusals.take(address_of(request)):
            raise too_many(wait) from None
        raise


def address_of(request: Request) -> str:
    """Where a request came from; the proxy's word counts where uvicorn trusts it."""
    return request.client.host if request.client else ""


Reader = Annotated[Caller, Depends(demand(Right.READ))]
"""A caller who may read."""
