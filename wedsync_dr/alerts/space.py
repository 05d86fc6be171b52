"""Room for snapshots: the disk that the vault is on."""

import shutil
from dataclasses import dataclass
from pathlib import Path

ALMOST_FULL = 95
"""Percent, from where a vault takes no more for long."""
WHAT_TO_DO = "Make room, or let go what the policy lets go: `wedsync-dr retention --apply`."


@dataclass(frozen=True)
class Space:
    """The disk that the vault is on, in bytes."""

    total: int
    free: int

    @property
    def used_percent(self) -> float:
        return 100 * (1 - self.free / self.total) if self.total else 100.0

    def __str__(self) -> str:
        return f"{self.used_percent:.0f} % full ({self.free / 1e9:,.1f} GB free)"


def space_of(vault: Path | None) -> Space | None:
    """The disk of a vault's directory; None where it has none, or where the system does not say."""
    if vault is None:
        return None
    try:
        found = shutil.disk_usage(vault)
    except OSError:
        return None
    return Space(found.used + found.free, found.free)
