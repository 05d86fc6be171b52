"""Typed settings from the environment and `.env`, and the functions that open what they name.

Where nothing is said, everything lives in `.wedsync/` of the working directory, and the rules are its `rules.toml`.
The core gets values, never Settings.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values

from wedsync_dr.access.issuer import Issuer, parse_issuer
from wedsync_dr.alerts.addresses import Address, parse_addresses
from wedsync_dr.alerts.places import SPACE_WARN, Places
from wedsync_dr.encryption.keyring import Keyring
from wedsync_dr.encryption.root_key import RootKey, open_root_key
from wedsync_dr.errors import KeyMissing, NotInitialised, SettingsInvalid
from wedsync_dr.schedule.policy import Policy
from wedsync_dr.schedule.policy_file import load_policy
from wedsync_dr.scope.rules import Rules, load_rules
from wedsync_dr.scope.survey import Source
from wedsync_dr.source.session import PATIENCE, Patience
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.local import LocalStore
from wedsync_dr.vault.vault import Vault

HOME = Path(".wedsync")
RULES = Path("rules.toml")
POLICY = Path("policy.toml")
DAGSTER_URL = "http://127.0.0.1:3000"
_LONGEST_WAIT_S = 3600
NAMES = (
    "WEDSYNC_SOURCE_URL",
    "WEDSYNC_VAULT_URL",
    "WEDSYNC_KEYRING_URL",
    "WEDSYNC_ROOT_KEY",
    "WEDSYNC_PASSPHRASE",
    "WEDSYNC_RULES",
    "WEDSYNC_POLICY",
    "WEDSYNC_TIMEZONE",
    "WEDSYNC_PG_BIN",
    "WEDSYNC_CONNECT_TIMEOUT",
    "WEDSYNC_LOCK_PATIENCE",
    "WEDSYNC_TARGET_URL",
    "WEDSYNC_SCRATCH_URL",
    "WEDSYNC_ALERTS",
    "WEDSYNC_SPACE_WARN",
    "WEDSYNC_DAGSTER_URL",
    "WEDSYNC_OIDC_ISSUER",
    "WEDSYNC_OIDC_AUDIENCE",
    "WEDSYNC_OIDC_JWKS_URL",
    "WEDSYNC_OIDC_ROLE_CLAIM",
    "WEDSYNC_OIDC_ORGANIZATIONS_CLAIM",
)


@dataclass(frozen=True)
class Settings:
    """Where everything is. Valid in form; opening says whether it is there."""

    vault_url: str
    keyring_url: str
    root_key: str
    rules: Path = RULES
    policy: Path | None = None
    time_zone: str = "UTC"
    pg_bin: Path | None = None
    patience: Patience = PATIENCE
    source_url: str | None = field(default=None, repr=False)
    passphrase: str | None = field(default=None, repr=False)
    target_url: str | None = field(default=None, repr=False)
    scratch_url: str | None = field(default=None, repr=False)
    alerts: tuple[Address, ...] = field(default=(), repr=False)
    space_warn: int = SPACE_WARN
    dagster_url: str = DAGSTER_URL
    issuer: Issuer | None = None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], dotenv: Path | None = None) -> "Settings":
        """Read the `WEDSYNC_…` names; the environment wins over the `.env` file. Raises SettingsInvalid.

        A name that looks like one of these but is none of them is refused: it would silently mean a default.
        """
        given = _given(environ, dotenv)
        home = HOME.resolve()
        return cls(
            vault_url=_store_url("WEDSYNC_VAULT_URL", given, home / "vault"),
            keyring_url=_store_url("WEDSYNC_KEYRING_URL", given, home / "keyring"),
            root_key=_root_key(given.get("WEDSYNC_ROOT_KEY") or (home / "root.key").as_uri()),
            rules=_path("WEDSYNC_RULES", given) or RULES.resolve(),
            policy=_path("WEDSYNC_POLICY", given) or (POLICY.resolve() if POLICY.exists() else None),
            time_zone=_time_zone(given.get("WEDSYNC_TIMEZONE") or "UTC"),
            pg_bin=_path("WEDSYNC_PG_BIN", given),
            patience=Patience(
                connect_s=_seconds("WEDSYNC_CONNECT_TIMEOUT", given, PATIENCE.connect_s),
                lock_s=_seconds("WEDSYNC_LOCK_PATIENCE", given, PATIENCE.lock_s),
            ),
            source_url=_database_url("WEDSYNC_SOURCE_URL", given),
            passphrase=given.get("WEDSYNC_PASSPHRASE"),
            target_url=_database_url("WEDSYNC_TARGET_URL", given),
            scratch_url=_database_url("WEDSYNC_SCRATCH_URL", given),
            alerts=parse_addresses(given.get("WEDSYNC_ALERTS", "")),
            space_warn=_percent("WEDSYNC_SPACE_WARN", given, SPACE_WARN),
            dagster_url=_web_url("WEDSYNC_DAGSTER_URL", given, DAGSTER_URL),
            issuer=parse_issuer(given),
        )


def _given(environ: Mapping[str, str], dotenv: Path | None) -> dict[str, str]:
    """The settings that are set, by name; an empty value counts as not set."""
    file = dotenv_values(dotenv, interpolate=False) if dotenv and dotenv.is_file() else {}
    given = {name: value for name, value in ({**file, **environ}).items() if name.startswith("WEDSYNC_") and value}
    for name in given.keys() - set(NAMES):
        if close := get_close_matches(name, NAMES, n=1, cutoff=0.85):
            raise SettingsInvalid(f"There is no setting {name}.", remedy=f"Perhaps {close[0]} is meant; rename it.")
    return {name: given[name] for name in NAMES if name in given}


def database_url(text: str, name: str = "WEDSYNC_SOURCE_URL") -> str:
    """The URL of a PostgreSQL database, or SettingsInvalid. The text is never repeated: it may hold a password."""
    remedy = f"Write {name} as postgresql://user@host:5432/database."
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise SettingsInvalid(f"{name} is not a URL.", remedy=remedy) from None
    if parts.scheme not in ("postgresql", "postgres"):
        raise SettingsInvalid(f"{name} is not the URL of a PostgreSQL database.", remedy=remedy)
    return text


def _database_url(name: str, given: Mapping[str, str]) -> str | None:
    return database_url(given[name], name) if name in given else None


def _store_url(name: str, given: Mapping[str, str], default: Path) -> str:
    url = given.get(name) or default.as_uri()
    if url.startswith("s3:"):
        kept = "vaults" if name == "WEDSYNC_VAULT_URL" else "keyrings"
        raise SettingsInvalid(
            f"{name} names an S3 bucket, and this version keeps {kept} in directories only.",
            remedy=f"Set {name} to file:///…, or use a version that has S3.",
        )
    _file_path(name, url)
    return url


def _root_key(url: str) -> str:
    if url.startswith("awskms:"):
        raise SettingsInvalid(
            "WEDSYNC_ROOT_KEY names a key of AWS KMS, and this version does not have that.",
            remedy="Set it to file:///… or passphrase:, or use a version that has AWS KMS.",
        )
    if url != "passphrase:":
        _file_path("WEDSYNC_ROOT_KEY", url)
    return url


def _file_path(name: str, url: str) -> Path:
    """The absolute path that a file URL names."""
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not parts.path.strip("/"):
        raise SettingsInvalid(f"{name} is not a file URL.", remedy=f"Write it as {name}=file:///an/absolute/path.")
    if parts.query or parts.fragment:
        raise SettingsInvalid(f"{name} has a ? or # in it.", remedy="Write ? as %3F and # as %23 in a file URL.")
    return Path(unquote(parts.path))


def _path(name: str, given: Mapping[str, str]) -> Path | None:
    if name not in given:
        return None
    path = Path(given[name]).expanduser().resolve()
    if not path.exists():
        raise SettingsInvalid(f"{name} names {path.name}, which does not exist.", remedy="Check the path.")
    return path


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise SettingsInvalid(
            "WEDSYNC_TIMEZONE is not the name of a time zone.", remedy="Write it like Europe/Berlin."
        ) from None
    return name


def _seconds(name: str, given: Mapping[str, str], default: int) -> int:
    text = given.get(name, str(default))
    if not text.isascii() or not text.isdecimal() or not 0 < int(text) <= _LONGEST_WAIT_S:
        raise SettingsInvalid(
            f"{name} is not a number of seconds.", remedy=f"Write a whole number from 1 to {_LONGEST_WAIT_S}."
        )
    return int(text)


def _web_url(name: str, given: Mapping[str, str], default: str) -> str:
    parts = urlsplit(given.get(name, default))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise SettingsInvalid(
            f"{name} is not the address of a web server.", remedy=f"Write it as {name}={default}, without a password."
        )
    return parts.geturl()


def _percent(name: str, given: Mapping[str, str], default: int) -> int:
    text = given.get(name, str(default))
    if not text.isascii() or not text.isdecimal() or not 0 < int(text) <= 100:
        raise SettingsInvalid(f"{name} is not a percentage.", remedy="Write a whole number from 1 to 100.")
    return int(text)


def open_source(settings: Settings, rules: Rules | None = None) -> Source:
    """The database and its rules, those of the rules file where none are given; without connecting.

    Raises SettingsInvalid and RulesInvalid.
    """
    if settings.source_url is None:
        raise SettingsInvalid(
            "WEDSYNC_SOURCE_URL is not set.",
            remedy="Set it to postgresql://user@host:5432/database, or put it into .env.",
        )
    rules = rules or load_rules(settings.rules)
    return Source(settings.source_url, rules, settings.time_zone, settings.patience, settings.pg_bin)


def open_policy(settings: Settings) -> Policy:
    """What the tiers promise: the default, changed by the policy file. Raises PolicyInvalid."""
    return load_policy(settings.policy)


Passphrase = Callable[[], str]


def open_archive(settings: Settings, passphrase: Passphrase | None = None) -> Archive:
    """Vault, keyring and ledger. `passphrase` is asked where the root key needs one and the settings have none.

    Raises NotInitialised, KeyMissing, KeyRefused, SettingsInvalid, VaultUnavailable and FormatUnsupported.
    """
    vault = Vault(store_at("WEDSYNC_VAULT_URL", settings.vault_url))
    vault.check()
    keys = store_at("WEDSYNC_KEYRING_URL", settings.keyring_url)
    try:
        return Archive.open(vault, Keyring(keys, open_root(settings, keys, passphrase)))
    except NotInitialised as error:
        if vault.is_empty():
            raise
        raise KeyMissing(
            f"{error} The vault holds snapshots that only its own keys open.",
            remedy="Correct WEDSYNC_KEYRING_URL and WEDSYNC_ROOT_KEY, or bring keyring and root key back from their "
            "copy. `wedsync-dr init` would make new keys, which open nothing of this vault.",
        ) from None


def places(settings: Settings, passphrase: Passphrase | None = None) -> Places:
    """Where to look to see how everything stands; nothing is opened yet."""
    return Places(
        source=lambda: open_source(settings),
        archive=lambda: open_archive(settings, passphrase),
        vault=_file_path("WEDSYNC_VAULT_URL", settings.vault_url),
        channels=frozenset(address.name for address in settings.alerts),
        space_warn=settings.space_warn,
    )


def store_at(name: str, url: str) -> LocalStore:
    """The directory that the setting of this name points to. Raises SettingsInvalid where its URL names none."""
    return LocalStore(_file_path(name, url))


def open_root(settings: Settings, keys: LocalStore, passphrase: Passphrase | None) -> RootKey:
    """The root key; its passphrase, if it needs one, from the settings or else asked."""
    known = settings.passphrase
    return open_root_key(settings.root_key, keys, (lambda: known) if known else passphrase or _no_passphrase)


def _no_passphrase() -> str:
    raise SettingsInvalid(
        "The root key needs a passphrase, and none is set.",
        remedy="Set WEDSYNC_PASSPHRASE where this process is started.",
    )
