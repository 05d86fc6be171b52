"""The public keys of an issuer, fetched when they are needed and kept for a while."""

import json
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

import jwt

from wedsync_dr.errors import IdentityUnavailable, NotAuthenticated

KEPT = timedelta(minutes=10)
"""How long fetched keys are believed."""
AGAIN = timedelta(seconds=30)
"""How soon an unknown key's name may make us ask again: the issuer may have a new key, or somebody makes names up."""
_TIMEOUT_S = 5
_MOST_BYTES = 2**20

Fetch = Callable[[str], bytes]


class _Unmoved(urllib.request.HTTPRedirectHandler):
    """Keys that lie elsewhere, perhaps where there is no TLS, are not the issuer's."""

    def redirect_request(self, *_: object) -> None:
        """Follow none: the answer stays an error."""


_OPENER = urllib.request.build_opener(_Unmoved)


def fetch(url: str) -> bytes:
    """The document at an address of the settings, and at no other. Raises OSError."""
    with _OPENER.open(url, timeout=_TIMEOUT_S) as answer:
        return bytes(answer.read(_MOST_BYTES))


class KeySet:
    """An issuer's keys by name (RFC 7517). Keys that are too old are never used: where they cannot be fetched anew, who
    is calling cannot be told."""

    def __init__(self, url: str, fetch: Fetch = fetch) -> None:
        self._url, self._fetch = url, fetch
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched: datetime | None = None
        self._tried: datetime | None = None
        self._lock = Lock()

    def key(self, name: str, now: datetime) -> jwt.PyJWK:
        """Raises IdentityUnavailable where the keys cannot be had, NotAuthenticated where none has this name."""
        with self._lock:
            fresh = self._fetched is not None and now - self._fetched < KEPT
            asked = self._tried is not None and now - self._tried < AGAIN
            if not fresh or (name not in self._keys and not asked):
                self._refresh(now, fresh=fresh, asked=asked)
            if name not in self._keys:
                raise NotAuthenticated(
                    "This token is signed with a key that its issuer does not list.", remedy="Sign in again."
                )
            return self._keys[name]

    def _refresh(self, now: datetime, *, fresh: bool, asked: bool) -> None:
        if asked and not fresh:
            raise _unavailable()
        self._tried = now
        try:
            self._keys = _parsed(self._fetch(self._url))
        except (OSError, ValueError, TypeError, jwt.PyJWTError):
            if not fresh:
                raise _unavailable() from None
            return
        self._fetched = now


def _parsed(document: bytes) -> dict[str, jwt.PyJWK]:
    """The keys of a document; those of kinds that we do not know are left out, and so are secrets."""
    found: Any = json.loads(document)
    listed = [one for one in found["keys"] if isinstance(one, dict)] if isinstance(found, dict) else []
    usable = [one for one in listed if one.get("kty") in ("RSA", "EC", "OKP") and one.get("use", "sig") == "sig"]
    return {str(key.key_id): key for key in map(_key, usable) if key and key.key_id}


def _key(listed: dict[str, Any]) -> jwt.PyJWK | None:
    try:
        return jwt.PyJWK.from_dict(listed)
    except jwt.PyJWTError:
        return None


def _unavailable() -> IdentityUnavailable:
    return IdentityUnavailable(
        "The issuer of identities does not tell its keys.",
        remedy="See that it is up and reachable from here; a token of `wedsync-dr tokens create` needs no issuer.",
    )
