"""Where to look to see how everything stands."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from wedsync_dr.scope.survey import Source
from wedsync_dr.vault.archive import Archive

SPACE_WARN = 85  # percent of the vault's disk


@dataclass(frozen=True)
class Places:
    """Where to look. `vault` is its directory, None where it has none; `channels` are the names of those for alerts."""

    source: Callable[[], Source]
    archive: Callable[[], Archive]
    vault: Path | None = None
    channels: Collection[str] = ()
    space_warn: int = SPACE_WARN
