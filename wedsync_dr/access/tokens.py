"""Bearer tokens: 256 random bits, told once. The ledger is their register, and has their digests only."""

import hashlib
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from wedsync_dr.access.identity import Identity
from wedsync_dr.access.roles import Role
from wedsync_dr.errors import NotAuthenticated, TokenNotFound
from wedsync_dr.model import Kind, ScopeId, parse_utc, utc_text
from wedsync_dr.vault.ledger import Follower, Ledger, LedgerEntry

PREFIX = "wdr_"
"""What a token begins with, so that scanners for leaked secrets know one."""
LONGEST_DAYS = 366
_CREATED, _REVOKED = "token-created", "token-revoked"
_SECRET_BYTES = 32


@dataclass(frozen=True)
class Token:
    """What is known of a token; the token itself is not."""

    id: str
    name: str
    role: Role
    organizations: frozenset[str] | None
    created: datetime
    expires: datetime
    by: str
    revoked: datetime | None = None
    digest: str = field(default="", repr=False)

    def is_good(self, now: datetime) -> bool:
        """Whether it opens anything."""
        return self.revoked is None and now < self.expires

    @property
    def identity(self) -> Identity:
        return Identity(f"token:{self.name}", self.role, self.organizations, self.id)


class TokenBook:
    """Every token that was ever made: a fold over the ledger's entries."""

    def __init__(self) -> None:
        self.tokens: dict[str, Token] = {}
        self._ids: dict[str, str] = {}

    def add(self, entry: LedgerEntry) -> None:
        """Take in the next entry. A revocation is for ever."""
        if entry.event == _CREATED:
            token = _from_body(entry)
            self.tokens.setdefault(token.id, token)
            self._ids.setdefault(token.digest, token.id)
        elif entry.event == _REVOKED and (known := self.tokens.get(entry.body["id"])):
            self.tokens[known.id] = replace(known, revoked=parse_utc(entry.at))

    def by_secret(self, secret: str) -> Token | None:
        """The token that this is, good or not."""
        return self.tokens.get(self._ids.get(_digest(secret), ""))


def token_book(ledger: Ledger) -> Follower[TokenBook]:
    """The tokens, as the ledger has them at each instant."""
    return Follower(ledger, TokenBook, TokenBook.add)


def identify(book: TokenBook, secret: str, now: datetime) -> Identity:
    """Whose token this is. Raises NotAuthenticated, in the same words whether it is unknown, expired or revoked."""
    token = book.by_secret(secret)
    if token is None or not token.is_good(now):
        raise NotAuthenticated(
            "This token opens nothing: it is unknown, expired or revoked.",
            remedy="`wedsync-dr tokens create` makes one; `wedsync-dr tokens list` shows which are good.",
        )
    return token.identity


def create_token(
    ledger: Ledger, *, name: str, role: Role, organizations: list[ScopeId] | None, days: int, by: str, now: datetime
) -> tuple[str, Token]:
    """Make a token and enter it in the ledger. The text is nowhere but in this answer."""
    secret = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    body: dict[str, Any] = {
        "id": secrets.token_hex(6),
        "name": name,
        "role": role.value,
        "organizations": None if organizations is None else sorted({scope.id for scope in organizations}),
        "hash": _digest(secret),
        "expires": utc_text(now + timedelta(days=days)),
        "by": by,
    }
    return secret, _from_body(ledger.append(_CREATED, body, now))


def revoke_token(ledger: Ledger, token_id: str, *, reason: str, by: str, now: datetime) -> Token:
    """End a token, now and for ever. Raises TokenNotFound; one that was revoked before stays as it was."""
    token = token_book(ledger).now().tokens.get(token_id)
    if token is None:
        raise TokenNotFound(f"There is no token {token_id[:40]!r}.", remedy="`wedsync-dr tokens list` shows the ids.")
    if token.revoked is None:
        ledger.append(_REVOKED, {"id": token_id, "by": by, "reason": reason}, now)
        return replace(token, revoked=now)
    return token


def _from_body(entry: LedgerEntry) -> Token:
    body = entry.body
    bound = body["organizations"]
    return Token(
        id=body["id"],
        name=body["name"],
        role=Role(body["role"]),
        organizations=None if bound is None else frozenset(ScopeId(Kind.VENDOR, one).id for one in bound),
        created=parse_utc(entry.at),
        expires=parse_utc(body["expires"]),
        by=body["by"],
        digest=body["hash"],
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
