"""An issuer of identities (OpenID Connect), and whose a token is that it signed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import jwt

from wedsync_dr.access.identity import Identity
from wedsync_dr.access.key_set import KeySet
from wedsync_dr.access.roles import Role
from wedsync_dr.errors import MalformedId, NotAuthenticated, NotPermitted, SettingsInvalid
from wedsync_dr.model import Kind, ScopeId

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Asymmetric ones alone: with a shared secret whoever can check a token could make one, and `none` proves nothing."""
EVERY = "*"
"""In the place of a list of organizations: bound to none."""
_LEEWAY_S = 30
_LONGEST = 200  # characters of a subject
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Issuer:
    """Whom to believe, and in which claims it says role and organizations; a dot leads into a nested claim."""

    issuer: str
    audience: str
    keys_url: str
    role_claim: str = "wedsync_role"
    organizations_claim: str = "wedsync_organizations"


def parse_issuer(given: Mapping[str, str]) -> Issuer | None:
    """What the settings `WEDSYNC_OIDC_…` say; None where they name no issuer. Raises SettingsInvalid."""
    issuer, audience = given.get("WEDSYNC_OIDC_ISSUER"), given.get("WEDSYNC_OIDC_AUDIENCE")
    if not issuer and not audience:
        return None
    if not issuer or not audience:
        raise SettingsInvalid(
            "Of WEDSYNC_OIDC_ISSUER and WEDSYNC_OIDC_AUDIENCE one is set and the other is not.",
            remedy="Set both: a token is believed only if it was made by this issuer for this audience.",
        )
    keys = given.get("WEDSYNC_OIDC_JWKS_URL") or f"{issuer.rstrip('/')}/.well-known/jwks.json"
    return Issuer(
        issuer,
        audience,
        _safe(keys),
        given.get("WEDSYNC_OIDC_ROLE_CLAIM") or Issuer.role_claim,
        given.get("WEDSYNC_OIDC_ORGANIZATIONS_CLAIM") or Issuer.organizations_claim,
    )


def _safe(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return url
    raise SettingsInvalid(
        "The keys of the identities' issuer would be fetched without TLS.",
        remedy="Write WEDSYNC_OIDC_ISSUER, or WEDSYNC_OIDC_JWKS_URL, with https://.",
    )


class SignedIdentities:
    """Tells whose a signed token is, with the issuer's keys."""

    def __init__(self, issuer: Issuer, keys: KeySet) -> None:
        self._issuer, self._keys = issuer, keys

    def identify(self, token: str, now: datetime) -> Identity:
        """Raises NotAuthenticated, NotPermitted (no role) and IdentityUnavailable (the keys cannot be had)."""
        claims = self._claims(token, now)
        return Identity(f"oidc:{claims['sub']}", self._role(claims), self._organizations(claims))

    def _claims(self, token: str, now: datetime) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in ALGORITHMS:
                raise _refused()
            claims: dict[str, Any] = jwt.decode(
                token,
                self._keys.key(str(header.get("kid", "")), now),
                algorithms=ALGORITHMS,
                audience=self._issuer.audience,
                issuer=self._issuer.issuer,
                options={"require": ["exp", "iss", "aud", "sub"], "verify_exp": False, "verify_nbf": False,
                         "verify_iat": False},
            )  # fmt: skip
        except (jwt.PyJWTError, ValueError, TypeError):
            raise _refused() from None
        if not _in_time(claims, now) or not _is_name(claims["sub"]):
            raise _refused()
        return claims

    def _role(self, claims: Mapping[str, Any]) -> Role:
        try:
            return Role(_claim(claims, self._issuer.role_claim))
        except ValueError:
            raise NotPermitted(
                "The issuer vouches for the caller and names no role that there is.",
                remedy=f"Have the claim {self._issuer.role_claim} say one of {', '.join(Role)}.",
            ) from None

    def _organizations(self, claims: Mapping[str, Any]) -> frozenset[str] | None:
        """A caller of whom nothing is said sees nothing: all is said with `*`."""
        said = _claim(claims, self._issuer.organizations_claim)
        if said == EVERY:
            return None
        ids = [said] if isinstance(said, str) else said if isinstance(said, list) else []
        try:
            return frozenset(ScopeId.named(Kind.VENDOR, str(one)).id for one in ids)
        except MalformedId:
            raise _refused() from None


def _is_name(subject: Any) -> bool:
    """Whether it can stand in a line of a log."""
    return isinstance(subject, str) and bool(subject.strip()) and subject.isprintable() and len(subject) <= _LONGEST


def _in_time(claims: Mapping[str, Any], now: datetime) -> bool:
    """By the clock that everything else goes by."""
    at = now.timestamp()
    expires, not_before = claims["exp"], claims.get("nbf", claims.get("iat", 0))
    if not all(type(one) in (int, float) for one in (expires, not_before)):
        return False
    return bool(not_before - _LEEWAY_S <= at < expires + _LEEWAY_S)


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its own name, else by its path."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _refused() -> NotAuthenticated:
    return NotAuthenticated(
        "This signed token is not believed.",
        remedy="Sign in again. If it goes on: issuer, audience, algorithm and clock have to be those of the settings.",
    )
