"""What the API asks of Dagster, asked of a real webserver and daemon."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from wedsync_dr.access.roles import Role
from wedsync_dr.access.tokens import create_token
from wedsync_dr.api.app import create_app
from wedsync_dr.api.automations import DagsterAutomations, Trigger
from wedsync_dr.api.graphql import GraphQL
from wedsync_dr.api.runs import DagsterRuns, Run, RunStatus
from wedsync_dr.demo.deployment import PLATFORM, Deployment
from wedsync_dr.demo.generate import load_platform
from wedsync_dr.demo.processes import free_port
from wedsync_dr.errors import ScheduleNotFound, SchedulerUnreachable
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.scope.discovery import discover
from wedsync_dr.scope.survey import survey
from wedsync_dr.source.session import lock_scopes
from wedsync_dr_tests.api.running import served
from wedsync_dr_tests.api.runs_contract import Ended, RunsContract, mark, wave

__all__ = ["mark"]

SOON_S = 120.0


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    """A small platform with webserver and daemon; nothing starts by itself there."""
    with tempfile.TemporaryDirectory(prefix="wd-") as home, Deployment(Path(home) / "home") as stage:
        stage.start_database()
        load_platform(stage.server.url(PLATFORM), weddings=3, seed=3, today=stage.now().date())
        stage.make_keys()
        stage.start_webserver()
        stage.wait_until_loaded()
        automations = DagsterAutomations(GraphQL(f"http://127.0.0.1:{stage.dagster.port}"))
        for one in automations.all():
            automations.switch(one.name, on=False)
        stage.start_daemon()
        yield stage


@pytest.fixture(scope="module")
def dagster(deployment: Deployment) -> GraphQL:
    return GraphQL(f"http://127.0.0.1:{deployment.dagster.port}")


@pytest.fixture(scope="module")
def runs(dagster: GraphQL) -> DagsterRuns:
    return DagsterRuns(dagster)


@pytest.fixture(scope="module")
def wedding(deployment: Deployment) -> ScopeId:
    with survey(deployment.source()) as seen:
        found = discover(seen.reader, seen.catalog, seen.ownership)
    return next(info.scope for info in found if info.scope.kind is Kind.WEDDING)


@pytest.fixture(scope="module")
def ended(runs: DagsterRuns) -> Ended:
    def wait(run_id: str) -> Run:
        deadline = time.monotonic() + SOON_S
        while True:
            run = runs.run(run_id)
            assert run
            if run.status.over:
                return run
            assert time.monotonic() < deadline, run
            time.sleep(0.1)

    return wait


class TestDagsterRuns(RunsContract):
    @pytest.fixture
    def endless(self, deployment: Deployment, wedding: ScopeId) -> Iterator[dict[str, object]]:
        """A wedding that somebody else has locked: who wants it waits."""
        with lock_scopes(deployment.source().url, [wedding], patience_s=30) as held:
            assert held
            yield {"weddings": [wedding.id]}

    def test_a_run_that_is_stopped_leaves_no_process_and_no_snapshot(
        self, runs: DagsterRuns, ended: Ended, endless: dict[str, object], mark: str, deployment: Deployment
    ) -> None:
        run_id = runs.launch(wave(mark=mark, **endless)).run_id
        deadline = time.monotonic() + SOON_S
        while not ((run := runs.run(run_id)) and run.step):
            assert time.monotonic() < deadline, run
            time.sleep(0.1)
        assert run.status is RunStatus.RUNNING
        assert _processes_of(run_id)
        assert runs.terminate(run_id)
        assert ended(run_id).status is RunStatus.CANCELLED
        while _processes_of(run_id):
            assert time.monotonic() < deadline
            time.sleep(0.1)


def _processes_of(run_id: str) -> list[Path]:
    """The processes that know a run by their arguments."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if run_id.encode() in (process / "cmdline").read_bytes():
                found.append(process)
        except OSError:
            continue
    return found


def test_schedules_and_sensors_are_told_as_they_are_and_can_be_switched(dagster: GraphQL) -> None:
    automations = DagsterAutomations(dagster)
    told = {one.name: one for one in automations.all()}
    assert not any(one.enabled or one.next_runs for one in told.values())
    assert all(one.description for one in told.values())
    assert (told["nightly"].cron, told["nightly"].time_zone) == ("0 2 * * 1-6", "UTC")
    assert told["nightly"].jobs == ("snapshot_wave",)
    assert told["urgent_weddings"].trigger is Trigger.SENSOR
    assert told["urgent_weddings"].every_s == 60
    for name in ("weekly_full", "snapshots_elsewhere"):
        on = automations.switch(name, on=True)
        assert on.enabled
        assert automations.switch(name, on=True).enabled
        off = automations.switch(name, on=False)
        assert (off.enabled, off.next_runs) == (False, ())
    with pytest.raises(ScheduleNotFound):
        automations.switch("never_heard_of", on=True)


def test_a_snapshot_that_the_api_asks_for_is_taken_and_named(deployment: Deployment, wedding: ScopeId) -> None:
    app = create_app(deployment.settings)
    ledger = app.state.site.archive.ledger
    token, _ = create_token(
        ledger, name="platform", role=Role.OPERATOR, organizations=None, days=1, by="test", now=deployment.now()
    )
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "key-0001"}
    form: dict[str, Any] = {"weddingId": wedding.id, "includeVendorData": True}
    with served(app) as url:
        asked = requests.post(f"{url}/api/backup/manual", json=form, headers=headers, timeout=30)
        assert asked.status_code == 202, asked.text
        link = url + asked.json()["links"]["job"]
        deadline = time.monotonic() + SOON_S
        while (job := requests.get(link, headers=headers, timeout=30).json()["job"])["completedAt"] is None:
            assert time.monotonic() < deadline, job
            time.sleep(0.2)
        again = requests.post(f"{url}/api/backup/manual", json=form, headers=headers, timeout=30)
        automated = requests.get(f"{url}/api/backup/automated", headers=headers, timeout=30).json()
    assert job["status"] == "COMPLETED", job
    kinds = [backup["kind"] for backup in job["result"]["backups"]]
    assert kinds.count("wedding") == 1
    assert kinds.count("vendor") == len(kinds) - 1 > 0
    newest = deployment.archive().vault.newest(wedding)
    assert newest
    assert f"wedding:{wedding.id}:{newest.snapshot_id}" in {backup["backupId"] for backup in job["result"]["backups"]}
    assert again.json()["backupId"] == asked.json()["backupId"]
    assert "requested_schedules" in {one["name"] for one in automated["automations"]}


def test_a_webserver_that_does_not_answer_is_said(deployment: Deployment) -> None:
    with pytest.raises(SchedulerUnreachable, match="does not answer"):
        DagsterRuns(GraphQL(f"http://127.0.0.1:{free_port()}")).find()


def test_something_else_in_the_place_of_dagster_is_said(deployment: Deployment) -> None:
    elsewhere = GraphQL(f"http://127.0.0.1:{deployment.dagster.port}/not_there")
    with pytest.raises(SchedulerUnreachable, match="WEDSYNC_DAGSTER_URL"):
        DagsterRuns(elsewhere).find()


def test_an_order_that_dagster_cannot_take_is_said(runs: DagsterRuns, mark: str) -> None:
    with pytest.raises(SchedulerUnreachable, match="RunConfigValidationInvalid"):
        runs.launch(wave(mark=mark, honeymoons=["h1"]))
