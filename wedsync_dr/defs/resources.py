"""What the definitions work with. It opens anew for every step, so that no secret enters config, metadata or events."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import dagster as dg

from wedsync_dr.errors import SettingsInvalid
from wedsync_dr.schedule.policy import Approvals, Policy
from wedsync_dr.scope.survey import Source
from wedsync_dr.settings import Settings, open_archive, open_policy, open_source
from wedsync_dr.vault.archive import Archive


def clock() -> datetime:
    """The only clock that the definitions read."""
    return datetime.now(UTC)


@lru_cache(maxsize=4)
def _watched(settings: Settings) -> Archive:
    return open_archive(settings)


@dataclass(frozen=True)
class Protection:
    """The source that is protected, and the archive that its snapshots go to."""

    settings: Callable[[], Settings] = field(repr=False)
    now: Callable[[], datetime] = clock

    def source(self) -> Source:
        """Raises SettingsInvalid and RulesInvalid."""
        return open_source(self.settings())

    def archive(self) -> Archive:
        """Raises SettingsInvalid, NotInitialised and KeyRefused."""
        return open_archive(self.settings())

    def watched(self) -> Archive:
        """The archive as this process has it open: who looks every minute reads only what is new in the ledger.

        Raises what `archive` raises, and NotInitialised where the vault has gone meanwhile.
        """
        archive = _watched(self.settings())
        archive.vault.check()
        return archive

    def policy(self) -> Policy:
        """What each tier promises. Raises PolicyInvalid."""
        return open_policy(self.settings())

    def two_people(self) -> tuple[Approvals, datetime]:
        """What takes another person's approval, and the instant at which it must be there. Raises PolicyInvalid."""
        return self.policy().approvals, self.now()

    def time_zone(self) -> str:
        """The time zone of weddings that have none of their own."""
        return self.settings().time_zone

    def target_url(self) -> str:
        """The database that the platform is rebuilt in. Raises SettingsInvalid where none is set."""
        url = self.settings().target_url
        if url is None:
            raise SettingsInvalid(
                "WEDSYNC_TARGET_URL is not set.",
                remedy="Set it, where Dagster runs, to the URL of the empty database to rebuild the platform in.",
            )
        return url

    def vault_url(self) -> str:
        """Where the snapshots are, as settings name it; a vault's address holds no secret."""
        return self.settings().vault_url


def settings_of_this_process() -> Settings:
    """From the environment, and `.env` in the working directory."""
    return Settings.from_environ(os.environ, Path(".env"))


@dg.resource(description="The protected source, the vault and the keyring, from WEDSYNC_… in the environment or .env.")
def protection_from_environment() -> Protection:
    """Reads nothing until a step opens it, so definitions load without a database."""
    return Protection(settings_of_this_process)
