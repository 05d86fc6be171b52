"""The schema as `pg_dump` writes it, of the instant that a reader exported."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from wedsync_dr.errors import SourceRefused
from wedsync_dr.source.binaries import find_program

SECTIONS = ("pre-data", "post-data")
_OPTIONS = ("--no-tablespaces", "--no-subscriptions", "--quote-all-identifiers", "--encoding=UTF8", "--no-password")
_SECRETS = ("password", "sslpassword")


def dump_schema(url: str, exported: str, server_version: int, configured: Path | None) -> dict[str, str]:
    """Both sections of the schema. `exported` is what `Reader.export` returned, and its transaction is still open.

    Raises ToolMissing, and SourceRefused with pg_dump's own first complaint. The password is on no command line.
    """
    program = find_program("pg_dump", configured, at_least=server_version // 10_000)
    with _connection(url) as where:
        command = [str(program), f"--dbname={where}", f"--snapshot={exported.split(' ')[0]}", *_OPTIONS]
        with ThreadPoolExecutor(len(SECTIONS)) as beside:
            dumps = list(beside.map(lambda section: _run([*command, f"--section={section}"]), SECTIONS))
    return dict(zip(SECTIONS, dumps, strict=True))


def _run(command: list[str]) -> str:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", check=False)  # noqa: S603
    if done.returncode == 0:
        return done.stdout
    first = next((line for line in done.stderr.splitlines() if "error:" in line), "it said nothing")
    raise SourceRefused(
        f"pg_dump could not read the schema: {first.partition('error:')[2].strip() or first}",
        remedy="Give the role SELECT on every table and sequence, and USAGE on their schemas; then take it again.",
    )


@contextmanager
def _connection(url: str) -> Iterator[str]:
    """The connection without its password, which stands in a file that only we may read."""
    parts = conninfo_to_dict(url)
    secret = parts.get("password")
    plain = {name: value for name, value in parts.items() if name not in _SECRETS}
    if not secret:
        yield make_conninfo("", **plain)
        return
    handle, name = tempfile.mkstemp(prefix="wedsync-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            escaped = str(secret).replace("\\", "\\\\").replace(":", "\\:")
            file.write(f"*:*:*:*:{escaped}\n")
        yield make_conninfo("", **plain, passfile=name)
    finally:
        Path(name).unlink()
