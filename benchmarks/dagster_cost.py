"""What Dagster adds to a wave of snapshots: its run, its event log, a materialization for each wedding."""

import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from benchmarks.stage import RULES, Stage, timed
from wedsync_dr.definitions import defs
from wedsync_dr.defs.resources import Protection
from wedsync_dr.initialise import initialise
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.settings import Settings, open_archive, open_source
from wedsync_dr.snapshot.take import take

WEDDINGS = 500


def compare(stage: Stage) -> tuple[float, float]:
    """Seconds for the same weddings into two fresh vaults: by a run of the wave, and by the core function alone."""
    ids = stage.sql(f"SELECT id FROM weddings ORDER BY id LIMIT {WEDDINGS}").split()
    with tempfile.TemporaryDirectory(dir=stage.home) as home:
        with_dagster = timed(lambda: _run(stage, _settings(stage, Path(home) / "run"), ids))
        settings = _settings(stage, Path(home) / "core")
        alone = timed(lambda: _take(settings, ids))
    return with_dagster, alone


def _settings(stage: Stage, home: Path) -> Settings:
    settings = Settings.from_environ(
        {
            "WEDSYNC_SOURCE_URL": stage.url,
            "WEDSYNC_VAULT_URL": (home / "vault").as_uri(),
            "WEDSYNC_KEYRING_URL": (home / "keyring").as_uri(),
            "WEDSYNC_ROOT_KEY": (home / "root.key").as_uri(),
            "WEDSYNC_RULES": str(RULES),
        }
    )
    initialise(settings, datetime.now(UTC))
    return settings


def _take(settings: Settings, ids: list[str]) -> None:
    scopes = [ScopeId(Kind.WEDDING, one) for one in ids]
    take(open_source(settings), open_archive(settings), scopes, now=datetime.now(UTC), requested_by="bench")


def _run(stage: Stage, settings: Settings, ids: list[str]) -> None:
    os.environ["DAGSTER_EVENT_BATCH_SIZE"] = "500"
    storage = {"postgres": {"postgres_db": {**stage.dagster_storage(), "scheme": "postgresql+psycopg2"}}}
    with dg.DagsterInstance.local_temp(overrides={"storage": storage, "telemetry": {"enabled": False}}) as instance:
        result = defs.resolve_job_def("snapshot_wave").execute_in_process(
            run_config={"ops": {"snapshot_scopes": {"config": {"weddings": ids}}}},
            instance=instance,
            resources={"protection": Protection(lambda: settings, lambda: datetime.now(UTC))},
        )
        assert result.success
