"""The keyring: a 256-bit key per scope and class, each wrapped by the root key in a file of its own.

`<kind>/<scope id>/<class>-<n>.json`, and `signing/1.json`. Destroying a file destroys what its key sealed, in every
copy of every snapshot.
"""

import base64
import binascii
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from wedsync_dr.encryption.framing import framed, from_json, to_json
from wedsync_dr.encryption.root_key import KeyStore, RootKey
from wedsync_dr.encryption.signing import Signer, Verifier
from wedsync_dr.errors import FormatUnsupported, KeyMissing, KeyRefused, NotInitialised, ObjectExists, ObjectMissing
from wedsync_dr.model import RowClass, ScopeId, utc_text

FORMAT = 1
_SIGNING = "signing/1.json"


@dataclass(frozen=True)
class ScopeKey:
    """One key of a scope. What it seals with is derived from it, never the key itself."""

    id: str
    _secret: bytes = field(repr=False)

    def file_key(self, scope: ScopeId, snapshot_id: str, object_name: str) -> bytes:
        """The key of exactly one object of one snapshot (HKDF-SHA256, RFC 5869)."""
        return self._derive(scope.kind.value, scope.id, snapshot_id, object_name, str(FORMAT))

    def content_key(self, scope: ScopeId) -> bytes:
        """The key of content hashes: the same for every snapshot that this key seals."""
        return self._derive(scope.kind.value, scope.id, "content", str(FORMAT))

    def _derive(self, *context: str) -> bytes:
        return HKDF(SHA256(), length=32, salt=None, info=framed(*context)).derive(self._secret)


class Keyring:
    """Keys by scope and class. Opened keys stay in memory; threads may share it, a process may be sent it."""

    def __init__(self, store: KeyStore, root: RootKey) -> None:
        self._store, self._root = store, root
        self._open: dict[tuple[ScopeId, str], ScopeKey] = {}
        self._newest: dict[tuple[ScopeId, RowClass], ScopeKey] = {}

    def __repr__(self) -> str:
        return "Keyring()"

    def __reduce__(self) -> tuple[type["Keyring"], tuple[KeyStore, RootKey]]:
        return Keyring, (self._store, self._root)

    def afresh(self) -> "Keyring":
        """The same keyring with nothing remembered: a key that was destroyed meanwhile is gone."""
        return Keyring(self._store, self._root)

    def create(self, now: datetime) -> bool:
        """Make the signing key, once; False if it was there."""
        signer = Signer.new()
        public = base64.b64encode(signer.public).decode()
        entry = {
            "format": FORMAT,
            "public": public,
            "wrapped": _text(self._root.wrap(signer.secret, "signing", "1", public)),
            "created_at": utc_text(now),
        }
        try:
            self._store.put(_SIGNING, to_json(entry))
        except ObjectExists:
            return False
        return True

    def signer(self) -> Signer:
        """The signing key. KeyRefused for another root key, NotInitialised where there is none."""
        entry = self._signing()
        return Signer(self._root.unwrap(_bytes(entry, "wrapped"), "signing", "1", str(entry.get("public"))))

    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(_bytes(self._signing(), "public"))

    def newest(self, scope: ScopeId, row_class: RowClass, now: datetime) -> ScopeKey:
        """The key that new snapshots of a scope are sealed with; made if there is none, once however many ask."""
        known = self._newest.get((scope, row_class))
        if known is None:
            try:
                known = self.existing(scope, row_class)
            except KeyMissing:
                known = self._make(scope, _newest_id(row_class), now)
            self._newest[scope, row_class] = known
        return known

    def existing(self, scope: ScopeId, row_class: RowClass) -> ScopeKey:
        """The same key; KeyMissing where there is none, for who only looks must not make one."""
        return self.key(scope, _newest_id(row_class))

    def key(self, scope: ScopeId, key_id: str) -> ScopeKey:
        """A key by its id. KeyMissing where the keyring does not have it (erased, or of another keyring)."""
        known = self._open.get((scope, key_id))
        if known is None:
            known = self._open[scope, key_id] = self._read(scope, key_id)
        return known

    def _read(self, scope: ScopeId, key_id: str) -> ScopeKey:
        name = _name(scope, key_id)
        try:
            entry = self._entry(name)
        except ObjectMissing:
            raise KeyMissing(
                f"The keyring has no key {key_id} of {scope}.",
                remedy="If it was erased that is final; else point WEDSYNC_KEYRING_URL to the keyring of this vault.",
            ) from None
        return ScopeKey(key_id, self._root.unwrap(_bytes(entry, "wrapped"), *_context(scope, key_id)))

    def _make(self, scope: ScopeId, key_id: str, now: datetime) -> ScopeKey:
        secret = secrets.token_bytes(32)
        row_class, _, number = key_id.partition("-")
        entry = {
            "format": FORMAT,
            "kind": scope.kind.value,
            "id": scope.id,
            "class": row_class,
            "number": int(number),
            "wrapped": _text(self._root.wrap(secret, *_context(scope, key_id))),
            "created_at": utc_text(now),
        }
        try:
            self._store.put(_name(scope, key_id), to_json(entry))
        except ObjectExists:
            return self.key(scope, key_id)
        return ScopeKey(key_id, secret)

    def _entry(self, name: str) -> dict[str, Any]:
        entry = from_json(self._store.get(name), name)
        if entry.get("format") != FORMAT:
            raise FormatUnsupported(
                f"{name} in the keyring has format {entry.get('format')!r}; this wedsync_dr knows {FORMAT}.",
                remedy="Use the wedsync_dr that wrote it, or a newer one.",
            )
        return entry

    def _signing(self) -> dict[str, Any]:
        try:
            return self._entry(_SIGNING)
        except ObjectMissing:
            raise NotInitialised("The keyring has no signing key yet.", remedy="Run `wedsync-dr init`.") from None


def _newest_id(row_class: RowClass) -> str:
    return f"{row_class.value}-1"


def _name(scope: ScopeId, key_id: str) -> str:
    return f"{scope.kind.value}/{scope.id}/{key_id}.json"


def _context(scope: ScopeId, key_id: str) -> tuple[str, ...]:
    row_class, _, number = key_id.partition("-")
    return scope.kind.value, scope.id, row_class, number


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _refused(field_name: str) -> KeyRefused:
    return KeyRefused(
        f"A key file has no usable {field_name!r}.", remedy="Bring the file back from a copy of the keyring."
    )


def _bytes(entry: dict[str, Any], name: str) -> bytes:
    try:
        return base64.b64decode(entry[name], validate=True)
    except (KeyError, TypeError, binascii.Error):
        raise _refused(name) from None
