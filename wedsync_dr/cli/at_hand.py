"""What a command has at hand: the settings, the clock, who asked, and the passphrase if one is needed."""

import os
import pwd
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from wedsync_dr.errors import SettingsInvalid
from wedsync_dr.model import ScopeId
from wedsync_dr.schedule.policy import Policy
from wedsync_dr.scope.survey import Source
from wedsync_dr.settings import Settings, open_archive, open_policy, open_source
from wedsync_dr.vault.archive import Archive


def settings() -> Settings:
    """The settings of this process and its working directory."""
    return Settings.from_environ(os.environ, Path(".env"))


def source() -> Source:
    """The database that the settings name."""
    return open_source(settings())


def policy() -> Policy:
    """What the tiers promise here."""
    return open_policy(settings())


def archive() -> Archive:
    """The archive that the settings name; asks for the passphrase on a terminal where one is needed."""
    return open_archive(settings(), ask_passphrase)


def now() -> datetime:
    """The clock; the core gets it from here."""
    return datetime.now(UTC)


def user() -> str:
    """Who runs this command, as the operating system knows them."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def requested_by() -> str:
    """Who runs this command, for the ledger."""
    return f"{user()} (command line)"


def ask_passphrase(*, new: bool = False) -> str:
    """The passphrase of the root key, typed on the terminal and not shown; a new one is typed twice."""
    if not sys.stdin.isatty():
        raise SettingsInvalid(
            "The root key needs a passphrase, and there is no terminal to ask on.",
            remedy="Set WEDSYNC_PASSPHRASE, or run the command on a terminal.",
        )
    answer = click.prompt("Passphrase of the root key", hide_input=True, confirmation_prompt=new, err=True)
    return str(answer)


def known_scopes(archive: Archive) -> Callable[[], Iterator[ScopeId]]:
    """Which scopes the vault knows, read only when called."""
    return lambda: (ref.scope for ref in archive.vault.snapshots())
