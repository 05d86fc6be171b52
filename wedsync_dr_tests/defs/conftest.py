"""An operator in front of Dagster: an instance of its own, the demo platform, and a vault that `init` made."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest

from wedsync_dr.definitions import defs
from wedsync_dr.defs.partitions import PARTITIONS
from wedsync_dr.defs.resources import Protection
from wedsync_dr.demo.accident import picture
from wedsync_dr.demo.generate import wedding_of_tomorrow
from wedsync_dr.initialise import initialise
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr_tests import conftest

NOW = conftest.NOW


@dataclass
class Operator:
    """What an operator can do, and what can be seen."""

    instance: dg.DagsterInstance
    protection: Protection
    url: str
    vault: Path

    def run(self, job: str, config: Mapping[str, object] | None = None) -> dg.ExecuteInProcessResult:
        """A run of a job as the launchpad starts it."""
        return defs.resolve_job_def(job).execute_in_process(
            run_config=dict(config or {}),
            instance=self.instance,
            resources={"protection": self.protection},
            raise_on_error=False,
        )

    def wave(self, **config: object) -> dg.ExecuteInProcessResult:
        """A wave of snapshots."""
        return self.run("snapshot_wave", {"ops": {"snapshot_scopes": {"config": config}}})

    def restore(self, wedding: ScopeId, **form: object) -> dg.ExecuteInProcessResult:
        """The restore job of a wedding."""
        return self.run("restore_wedding", {"wedding": wedding.id, **form})

    def backfill(self, asset: dg.AssetsDefinition, kind: Kind, *ends: str) -> dg.ExecuteInProcessResult:
        """One run of a backfill: from one partition to another, or of a single one."""
        names = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
        return dg.materialize(
            [asset],
            instance=self.instance,
            resources={"protection": self.protection},
            tags=dict(zip(names, (ends[0], ends[-1]), strict=True)),
            raise_on_error=False,
        )

    def add(self, kind: Kind, *ids: str) -> None:
        """Make partitions."""
        self.instance.add_dynamic_partitions(str(PARTITIONS[kind].name), list(ids))

    def sql(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """A statement of somebody who uses the platform."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            done = connection.execute(statement.encode(), parameters or None)
            return done.fetchall() if done.description else []

    def weddings(self, most: int) -> list[str]:
        """The ids of some weddings."""
        return [str(row[0]) for row in self.sql("SELECT id FROM weddings ORDER BY id LIMIT %s", most)]

    def tomorrow(self) -> ScopeId:
        """A wedding of tomorrow."""
        return ScopeId.of_key(Kind.WEDDING, wedding_of_tomorrow(self.url))

    def look(self, scope: ScopeId) -> Any:
        """The whole database, row by row."""
        return picture(self.protection.source(), scope)

    def objects(self, scope: ScopeId) -> list[Path]:
        """The sealed files of a scope, oldest first."""
        return sorted((self.vault / "snapshots" / scope.kind.value / scope.id).rglob("*.parquet"))


def _operator(url: str, home: Path, instance: dg.DagsterInstance) -> Operator:
    settings = conftest.demo_settings(url, home)
    return Operator(instance, Protection(lambda: settings, lambda: NOW), url, home / "vault")


@pytest.fixture
def operator(platform: str, tmp_path: Path) -> Iterator[Operator]:
    """An operator on the first day: nothing is protected yet."""
    initialise(conftest.demo_settings(platform, tmp_path), NOW)
    with dg.DagsterInstance.ephemeral() as instance:
        yield _operator(platform, tmp_path, instance)


@pytest.fixture
def protected(platform: str, first_night: Path, tmp_path: Path) -> Iterator[Operator]:
    """An operator on the second day: every scope has a snapshot."""
    shutil.copytree(first_night, tmp_path / "home")
    with dg.DagsterInstance.ephemeral() as instance:
        yield _operator(platform, tmp_path / "home", instance)


def failure_of(result: dg.ExecuteInProcessResult) -> tuple[str, dict[str, Any]]:
    """What the first step that failed said, and the metadata beside it."""
    failed = next(event for event in result.all_events if event.is_step_failure)
    data = failed.step_failure_data.user_failure_data
    assert data is not None
    return str(data.description), {name: plain(value) for name, value in data.metadata.items()}


def outputs_of(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, Any]]:
    """What each step said beside its output."""
    return {
        str(event.step_key): {name: plain(value) for name, value in event.step_output_data.metadata.items()}
        for event in result.all_events
        if event.event_type is dg.DagsterEventType.STEP_OUTPUT
    }


def plain(value: dg.MetadataValue) -> Any:
    """What a piece of metadata shows; a table as its rows."""
    return [dict(record.data) for record in value.records] if isinstance(value, dg.TableMetadataValue) else value.value
