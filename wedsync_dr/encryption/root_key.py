"""The root key. It only ever wraps other keys: AES-256-GCM with a random nonce, bound to what is wrapped."""

import base64
import binascii
import os
import secrets
import stat
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from wedsync_dr.encryption.framing import framed, from_json, to_json
from wedsync_dr.errors import Damaged, KeyRefused, NotInitialised, ObjectExists, ObjectMissing, SettingsInvalid

_KEY_BYTES, _NONCE_BYTES = 32, 12
_ARGON2 = {"iterations": 3, "lanes": 4, "memory_cost": 64 * 1024}
_BOUNDS = {"iterations": (3, 64), "lanes": (1, 64), "memory_cost": (64 * 1024, 4 * 1024**2)}
_PARAMETERS = "root/argon2id.json"
_LONGEST_FILE = 4096


class KeyStore(Protocol):
    """What keys need of a store; every ObjectStore has it, with the promises it makes there."""

    def put(self, key: str, data: bytes) -> None: ...
    def get(self, key: str) -> bytes: ...


@dataclass(frozen=True)
class RootKey:
    """Wraps and unwraps keys; shows nothing of itself."""

    _secret: bytes = field(repr=False)

    def wrap(self, secret: bytes, *context: str) -> bytes:
        """Seal a key. It opens only with the same context."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self._secret).encrypt(nonce, secret, framed(*context))

    def unwrap(self, wrapped: bytes, *context: str) -> bytes:
        """Open a wrapped key; KeyRefused for another root key, another context or a changed byte."""
        try:
            return AESGCM(self._secret).decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], framed(*context))
        except (InvalidTag, ValueError):
            raise KeyRefused(
                f"The root key does not open the key {'/'.join(context[:4])}.",
                remedy="WEDSYNC_ROOT_KEY must name the root key (or the passphrase be the one) that this keyring was "
                "made with; else the key file was altered or is another scope's: bring it back from a copy.",
            ) from None


def open_root_key(url: str, store: KeyStore, passphrase: Callable[[], str]) -> RootKey:
    """The root key that `file:///…` or `passphrase:` names. Raises NotInitialised, KeyRefused and SettingsInvalid."""
    if url == "passphrase:":
        return _from_passphrase(store, passphrase())
    return _from_file(root_key_path(url))


def root_key_path(url: str) -> Path:
    """The path of a `file:///…` root key."""
    parts = urlsplit(url)
    if parts.scheme != "file" or not parts.path:
        raise SettingsInvalid(
            f"{parts.scheme or 'An empty'}: root key is not known to this version.",
            remedy="Set WEDSYNC_ROOT_KEY to file:///path/to/root.key or to passphrase:",
        )
    return Path(unquote(parts.path))


def create_root_key_file(path: Path) -> bool:
    """Write a new random root key, readable by its owner only; False, and nothing is written, if there is a file.

    The file appears whole or not at all, also after a crash. Raises KeyRefused where it cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _link_new(path, base64.b64encode(secrets.token_bytes(_KEY_BYTES)) + b"\n")
    except OSError as error:
        raise KeyRefused(
            f"The root key {path} cannot be written ({error.strerror}).",
            remedy="Let this user write there, or point WEDSYNC_ROOT_KEY to another place; then run `wedsync-dr init`.",
        ) from None


def create_passphrase_parameters(store: KeyStore) -> bool:
    """Choose the salt by which a passphrase becomes the root key; False if that was done before."""
    parameters = {"format": 1, "salt": base64.b64encode(secrets.token_bytes(16)).decode(), **_ARGON2}
    try:
        store.put(_PARAMETERS, to_json(parameters))
    except ObjectExists:
        return False
    return True


def _from_file(path: Path) -> RootKey:
    try:
        with path.open("rb") as file:
            mode, text = os.fstat(file.fileno()).st_mode, file.read(_LONGEST_FILE)
    except FileNotFoundError:
        raise NotInitialised(
            f"There is no root key at {path}.",
            remedy="If there should be one, bring it back from where it is kept twice; else run `wedsync-dr init`.",
        ) from None
    except OSError as error:
        raise KeyRefused(
            f"The root key {path} cannot be read ({error.strerror}).", remedy="Check owner and mode of the file."
        ) from None
    if stat.S_IMODE(mode) & 0o077:
        raise KeyRefused(f"Others may read the root key {path}.", remedy=f"chmod 600 {path}")
    return RootKey(_secret_of(text, path))


def _secret_of(text: bytes, path: Path) -> bytes:
    try:
        secret = base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        secret = b""
    if len(secret) != _KEY_BYTES:
        raise KeyRefused(f"{path} does not hold a root key.", remedy="Bring it back from where it is kept twice.")
    return secret


def _from_passphrase(store: KeyStore, passphrase: str) -> RootKey:
    """Argon2id (RFC 9106) over the passphrase (NFKC, UTF-8), with the salt and costs that stand in the keyring.

    Another passphrase gives another root key, which opens no key of the keyring.
    """
    try:
        data = store.get(_PARAMETERS)
    except ObjectMissing:
        raise NotInitialised("The keyring has no passphrase yet.", remedy="Run `wedsync-dr init`.") from None
    text = unicodedata.normalize("NFKC", passphrase).encode()
    try:
        return RootKey(_argon2(from_json(data, _PARAMETERS)).derive(text))
    except (KeyError, TypeError, ValueError, Damaged):
        raise KeyRefused(
            f"{_PARAMETERS} in the keyring does not say how the passphrase becomes a key.",
            remedy="Bring the file back from a copy of the keyring.",
        ) from None


def _argon2(parameters: dict[str, Any]) -> Argon2id:
    costs = {name: parameters[name] for name in _ARGON2}
    if parameters["format"] != 1 or any(not low <= costs[name] <= high for name, (low, high) in _BOUNDS.items()):
        raise ValueError
    return Argon2id(salt=base64.b64decode(parameters["salt"], validate=True), length=_KEY_BYTES, **costs)


def _link_new(path: Path, data: bytes) -> bool:
    """Write a file whole, synced and with mode 0600, unless its name is taken."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(unfinished, path)
    except FileExistsError:
        return False
    finally:
        unfinished.unlink(missing_ok=True)
    _sync_directory(path.parent)
    return True


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
