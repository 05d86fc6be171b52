"""Making what protection needs, once: root key, keyring, signing key, vault."""

from dataclasses import dataclass
from datetime import datetime

from wedsync_dr.encryption.keyring import Keyring
from wedsync_dr.encryption.root_key import create_passphrase_parameters, create_root_key_file, root_key_path
from wedsync_dr.errors import KeyMissing, NotInitialised
from wedsync_dr.model import Kind
from wedsync_dr.settings import Passphrase, Settings, open_root, store_at
from wedsync_dr.vault.ledger import Ledger
from wedsync_dr.vault.local import LocalStore
from wedsync_dr.vault.vault import Vault


@dataclass(frozen=True)
class Part:
    """A part of the set-up: what it is, where it is, and whether it was made just now."""

    name: str
    place: str
    created: bool


def initialise(
    settings: Settings, now: datetime, passphrase: Passphrase | None = None, *, new_vault: bool = False
) -> list[Part]:
    """Make root key, keyring and vault where they are absent; what exists is kept, so it can be repeated and resumed.

    Never makes a key for data that another key sealed: KeyMissing for a vault without its keyring, and for a keyring
    without its root key; KeyRefused for a root key that does not open the keyring, and for a keyring that is not the
    vault's. Without `new_vault`, NotInitialised where a keyring that has sealed something finds no vault: its disk may
    not be mounted. VaultUnavailable where the vault cannot be written.
    """
    vault = Vault(store_at("WEDSYNC_VAULT_URL", settings.vault_url))
    keys = store_at("WEDSYNC_KEYRING_URL", settings.keyring_url)
    _require_keyring_of(vault, keys)
    if not new_vault:
        _require_vault_of(vault, keys)
    root_created = _make_root(settings, keys)
    keyring = Keyring(keys, open_root(settings, keys, passphrase))
    keyring_created = keyring.create(now)
    ledger = Ledger(vault.store, keyring.signer(), keyring.verifier())
    vault_created = _make_vault(vault, now)
    ledger.require_ours()
    vault.require_writable(now)
    return [
        Part("root key", settings.root_key, root_created),
        Part("keyring", settings.keyring_url, keyring_created),
        Part("vault", settings.vault_url, vault_created),
    ]


def _exists(vault: Vault) -> bool:
    try:
        vault.check()
    except NotInitialised:
        return False
    return True


def _require_keyring_of(vault: Vault, keys: LocalStore) -> None:
    """A vault that exists belongs to a keyring that exists."""
    if _exists(vault) and not any(True for _ in keys.list("")):
        raise KeyMissing(
            "The vault exists, but its keyring does not.",
            remedy="Point WEDSYNC_KEYRING_URL to the keyring of this vault (or bring that back from its copy), or "
            "WEDSYNC_VAULT_URL to an empty directory.",
        )


def _require_vault_of(vault: Vault, keys: LocalStore) -> None:
    """A keyring that has sealed something has a vault somewhere."""
    sealing = any(True for kind in Kind for _ in keys.list(f"{kind.value}/"))
    if sealing and not _exists(vault):
        raise NotInitialised(
            "The keyring has sealed snapshots, and there is no vault at WEDSYNC_VAULT_URL.",
            remedy="Mount the vault's disk or correct the URL; to begin an empty vault beside the old one: "
            "wedsync-dr init --new-vault",
        )


def _make_root(settings: Settings, keys: LocalStore) -> bool:
    if settings.root_key == "passphrase:":
        return create_passphrase_parameters(keys)
    path = root_key_path(settings.root_key)
    if not path.exists() and any(True for _ in keys.list("")):
        raise KeyMissing(
            "The keyring exists, but its root key does not.",
            remedy="Point WEDSYNC_ROOT_KEY to the root key of this keyring, or bring that back from its copy; "
            "a new one would open nothing.",
        )
    return create_root_key_file(path)


def _make_vault(vault: Vault, now: datetime) -> bool:
    if _exists(vault):
        return False
    vault.create(now)
    return True
