"""How fast the API reads. `python -m benchmarks.api_reads [WEDDINGS]`: a real process before a lean platform, asked by
four callers while it goes on looking at the source."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles

import requests

from benchmarks.changes_cost import lean, say, scopes_of
from benchmarks.scale import _all_current, _settings
from wedsync_dr.access.roles import Role
from wedsync_dr.access.tokens import create_token
from wedsync_dr.model import Kind, Manifest, ScopeId, SourceIdentity
from wedsync_dr.settings import Settings, open_archive
from wedsync_dr.source.session import open_reader
from wedsync_dr.vault import manifests
from wedsync_dr.vault.archive import Archive

WEDDINGS, SECONDS, CALLERS, PAUSE_S = 100_000, 90, 4, 0.05
_SHOWN = 400  # manifests that there are, for the pages that are asked for


def main() -> None:
    weddings = int(sys.argv[1]) if len(sys.argv) > 1 else WEDDINGS
    with lean(weddings) as (stage, source):
        settings = _settings(stage.home, source.url)
        archive = open_archive(settings)
        _all_current(archive, source)
        scopes = sorted(scopes_of(source))
        _write_manifests(archive, scopes)
        with open_reader(source.url) as reader:
            vendor = ScopeId.of_key(Kind.VENDOR, next(iter(reader.rows("SELECT max(id::text) FROM public.vendors")))[0])
        tokens = [(_token(archive, None), _token(archive, vendor)) for _ in range(CALLERS)]
        with served(settings, stage.home) as (url, child):
            _measure(url, tokens, scopes[len(scopes) // 2].id, child)


UNBOUND, BOUND = 0, 1
Asked = tuple[str, int]


def _measure(url: str, tokens: list[tuple[str, str]], wedding: str, child: subprocess.Popen[bytes]) -> None:
    paths = [
        ("/api/backup/status", UNBOUND),
        (f"/api/backup/status?weddingId={wedding}", UNBOUND),
        ("/api/backup/status", BOUND),
        ("/api/backup/snapshots?limit=100", UNBOUND),
        ("/api/backup/snapshots?limit=20&tier=normal", UNBOUND),
        ("/api/backup/snapshots", BOUND),
        ("/metrics", UNBOUND),
        ("/health", UNBOUND),
    ]
    started = time.monotonic()
    while requests.get(url + paths[0][0], headers=_headers(tokens[0][UNBOUND]), timeout=300).status_code != 200:
        time.sleep(1)
    say(f"the first answer after {time.monotonic() - started:.1f} s")
    until = time.monotonic() + SECONDS
    with ThreadPoolExecutor(CALLERS) as pool:
        rounds = list(pool.map(lambda pair: _calls(url, pair, paths, until), tokens))
    for one in paths:
        _say(one[0].replace(wedding, "…") + (" (bound)" if one[1] else ""), [s for each in rounds for s in each[one]])
    _say("all", [seconds for each in rounds for spent in each.values() for seconds in spent])
    peak = next(line for line in Path(f"/proc/{child.pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    say(f"memory: {int(peak.split()[1]) / 1024:.0f} MB at most; load {os.getloadavg()[0]:.1f}")


def _say(name: str, spent: list[float]) -> None:
    cuts = [cut * 1000 for cut in quantiles(spent, n=100)]
    say(f"{name}: {len(spent):,} calls, p50 {cuts[49]:.0f} ms, p95 {cuts[94]:.0f} ms, p99 {cuts[98]:.0f} ms")


def _calls(url: str, tokens: tuple[str, str], paths: list[Asked], until: float) -> dict[Asked, list[float]]:
    found: dict[Asked, list[float]] = {one: [] for one in paths}
    with requests.Session() as session:
        while time.monotonic() < until:
            for path, whose in paths:
                started = time.perf_counter()
                session.get(url + path, headers=_headers(tokens[whose]), timeout=60).raise_for_status()
                found[path, whose].append(time.perf_counter() - started)
                time.sleep(PAUSE_S)
    return found


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _token(archive: Archive, vendor: ScopeId | None) -> str:
    return create_token(
        archive.ledger, name="bench", role=Role.VIEWER, organizations=[vendor] if vendor else None, days=1, by="bench",
        now=datetime.now(UTC),
    )[0]  # fmt: skip


def _write_manifests(archive: Archive, scopes: list[ScopeId]) -> None:
    """Those of the newest pages."""
    known = archive.ledger.known()
    made = {}
    for scope in scopes[-_SHOWN:]:
        snapshot_id = known.newest[scope]
        at = datetime.fromisoformat(snapshot_id[:23])
        manifest = Manifest(
            scope, snapshot_id, at, "0/0", None, SourceIdentity("1", "lean", 17), "0", (), {}, "0", None
        )
        made[scope, snapshot_id] = manifests.to_bytes(manifest, archive.signer)
    with ThreadPoolExecutor(1) as puts:
        archive.vault.commit(made, puts)


@contextmanager
def served(settings: Settings, home: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The real program, on any free port."""
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "WEDSYNC_SOURCE_URL": settings.source_url or "",
        "WEDSYNC_VAULT_URL": settings.vault_url,
        "WEDSYNC_KEYRING_URL": settings.keyring_url,
        "WEDSYNC_ROOT_KEY": settings.root_key,
        "WEDSYNC_RULES": str(settings.rules),
    }
    program = "from wedsync_dr.cli.main import main; main()"
    with (home / "api.log").open("wb") as log:
        child = subprocess.Popen([sys.executable, "-c", program, "api", "--port", "0"], stdout=subprocess.PIPE,
                                 stderr=log, env=environment, cwd=home)  # fmt: skip
        try:
            assert child.stdout
            yield child.stdout.readline().decode().split()[2].rstrip(";"), child
        finally:
            child.send_signal(signal.SIGTERM)
            child.wait()


if __name__ == "__main__":
    main()
