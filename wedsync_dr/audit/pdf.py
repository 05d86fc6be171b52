"""A page as PDF, printed by a Chromium that is on the machine. No other program makes this page look as it should."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from wedsync_dr.errors import ToolMissing

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PATIENCE_S = 120


def find_chromium() -> str:
    """The program's path. Raises ToolMissing where none is on PATH."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise ToolMissing(
            "There is no Chromium on PATH, and --pdf prints with it.",
            remedy="Install chromium, or leave --pdf out and print report.html from any browser.",
        )
    return found


def printed(page: bytes, program: str) -> bytes:
    """The page as PDF. Raises ToolMissing where the program does not print it."""
    with tempfile.TemporaryDirectory(prefix="wd-") as place:
        source, target = Path(place, "page.html"), Path(place, "page.pdf")
        source.write_bytes(page)
        command = [program, "--headless", "--disable-gpu", f"--user-data-dir={place}/profile", "--no-pdf-header-footer"]
        command += ["--no-sandbox"] if os.geteuid() == 0 else []  # which Chromium refuses to start for root without
        command += [f"--print-to-pdf={target}", source.as_uri()]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_PATIENCE_S)  # noqa: S603
            return target.read_bytes()
        except (OSError, subprocess.SubprocessError) as error:
            raise ToolMissing(
                f"{Path(program).name} did not print the page ({type(error).__name__}).",
                remedy="Leave --pdf out and print report.html from any browser.",
            ) from None
