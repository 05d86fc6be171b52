"""The operating system's account that PostgreSQL runs under: ours, or `nobody` when we are root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict


class Arguments(TypedDict, total=False):
    """What `subprocess` needs to become an account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    """An account by its numbers; `None` is the one that this process has anyway."""

    uid: int | None
    gid: int = 0

    def arguments(self) -> Arguments:
        """The arguments of `subprocess` that run a command under this account."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give the account a file or directory that we made."""
        if self.uid is not None:
            os.chown(path, self.uid, self.gid)

    def can_enter(self, directory: Path) -> bool:
        """Whether the account may pass through a directory and all above it."""
        if self.uid is None:
            return True
        real = directory.resolve()
        return all(self._may_pass(step) for step in (real, *real.parents))

    def _may_pass(self, directory: Path) -> bool:
        status = directory.stat()
        bit = 0o100 if status.st_uid == self.uid else 0o010 if status.st_gid == self.gid else 0o001
        return bool(status.st_mode & bit)


def account_for(data: Path | None) -> Account:
    """The account for a data directory: its owner's if it exists, else one that PostgreSQL accepts."""
    if os.geteuid() != 0:
        return Account(None)
    if data is not None and data.exists():
        return Account(data.stat().st_uid, data.stat().st_gid)
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)
