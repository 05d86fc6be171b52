"""What grows with the number of weddings. `python -m benchmarks.scale [WEDDINGS …]`: sensors of a lean platform."""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from benchmarks.changes_cost import RULES, lean, remember_all, say, scopes_of
from benchmarks.stage import Stage, timed
from wedsync_dr.defs.resources import Protection
from wedsync_dr.defs.sensors import partition_sync
from wedsync_dr.defs.urgent import urgent_weddings
from wedsync_dr.initialise import initialise
from wedsync_dr.model import ScopeId, utc_text
from wedsync_dr.scope.survey import Source, survey
from wedsync_dr.settings import Settings, open_archive
from wedsync_dr.vault.archive import Archive

SIZES = (1_000, 10_000, 100_000)
_LINES = 5_000


def main() -> None:
    for weddings in [int(text) for text in sys.argv[1:]] or SIZES:
        with lean(weddings) as (stage, source):
            for name, seconds in figures(stage, source):
                say(f"{weddings:>8,}  {name}: {seconds:.2f} s")


def figures(stage: Stage, source: Source) -> list[tuple[str, float]]:
    """The first sync of all partitions, a sync with nothing new, and ticks of the urgent sensor."""
    stage.server.create_database("dagster")
    settings = _settings(stage.home, source.url)
    protection = Protection(lambda: settings, lambda: datetime.now(UTC))
    storage = {"postgres": {"postgres_db": {**stage.dagster_storage(), "scheme": "postgresql+psycopg2"}}}
    found = []
    with dg.DagsterInstance.local_temp(overrides={"storage": storage, "telemetry": {"enabled": False}}) as instance:
        found.append(("first sync of all partitions", timed(lambda: _sync(instance, protection))))
        found.append(("sync with nothing new", timed(lambda: _sync(instance, protection))))
        archive = open_archive(settings)
        found.append(("ledger told that all is current", timed(lambda: _all_current(archive, source))))
        found += [(f"urgent tick {number}", timed(_tick(instance, protection))) for number in (1, 2, 3)]
    return found


def _settings(home: Path, url: str) -> Settings:
    (home / "rules.toml").write_text(RULES)
    settings = Settings.from_environ(
        {
            "WEDSYNC_SOURCE_URL": url,
            "WEDSYNC_VAULT_URL": (home / "vault").as_uri(),
            "WEDSYNC_KEYRING_URL": (home / "keyring").as_uri(),
            "WEDSYNC_ROOT_KEY": (home / "root.key").as_uri(),
            "WEDSYNC_RULES": str(home / "rules.toml"),
        }
    )
    initialise(settings, datetime.now(UTC))
    return settings


def _sync(instance: dg.DagsterInstance, protection: Protection) -> None:
    answer = partition_sync(dg.build_sensor_context(instance=instance, resources={"protection": protection}))
    assert isinstance(answer, dg.SensorResult)
    for request in answer.dynamic_partitions_requests or ():
        assert isinstance(request, dg.AddDynamicPartitionsRequest)
        instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))


def _all_current(archive: Archive, source: Source) -> None:
    """As after a night: the ledger knows every scope, and the fingerprints are remembered."""
    scopes = scopes_of(source)
    with survey(source) as seen:
        now = seen.reader.instant.taken_at
    batch = f"{now:%Y%m%dT%H%M%S.%f}Z-00000000"
    archive.ledger.append("batch-started", {"batch": batch, "requested_by": "bench"}, now)
    for first in range(0, len(scopes), _LINES):
        lines = [_line(scope, batch) for scope in scopes[first : first + _LINES]]
        body = {"batch": batch, "taken_at": utc_text(now), "stored": lines, "current": []}
        archive.ledger.append("snapshots", body, now)
    archive.ledger.append("batch-finished", {"batch": batch, "failed": 0}, now)
    remember_all(source, archive, scopes)


def _line(scope: ScopeId, batch: str) -> dict[str, str]:
    return {"kind": scope.kind.value, "id": scope.id, "snapshot_id": batch, "manifest": "0" * 64}


def _tick(instance: dg.DagsterInstance, protection: Protection) -> Callable[[], object]:
    return lambda: urgent_weddings(dg.build_sensor_context(instance=instance, resources={"protection": protection}))


if __name__ == "__main__":
    started = time.monotonic()
    main()
    say(f"in {time.monotonic() - started:.0f} s")
