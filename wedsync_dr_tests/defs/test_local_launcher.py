"""Whether a run's process is still there."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.events import EngineEventData
from dagster._core.launcher import WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._core.test_utils import create_run_for_test  # private, no public equal

from wedsync_dr.defs.local_launcher import CLOCK_S, LocalRunLauncher, lives

SHIPPED = Path(__file__).parents[2] / "dagster.yaml"
HERE, ELSEWHERE = '{"host": "localhost", "socket": "/a"}', '{"host": "code.example", "port": 4000}'


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as child:
        yield child
        child.kill()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    launcher = {"module": "wedsync_dr.defs.local_launcher", "class": "LocalRunLauncher"}
    with dg.instance_for_test({"run_launcher": launcher}) as instance:
        yield instance


def _health(instance: dg.DagsterInstance, pid: int | None, started_at: str = HERE) -> WorkerStatus:
    """What run monitoring hears of a run whose process has the id."""
    run = create_run_for_test(instance, tags={GRPC_INFO_TAG: started_at})
    instance.report_engine_event("The run is on its way.", run)
    if pid:
        instance.report_engine_event("It has a process.", run, EngineEventData({"pid": str(pid)}))
    assert isinstance(instance.run_launcher, LocalRunLauncher)
    return instance.run_launcher.check_run_worker_health(run).status


def test_a_process_lives_until_it_is_killed_even_where_nobody_buries_it(sleeper: subprocess.Popen[bytes]) -> None:
    now = time.time()  # noqa: TID251
    assert lives(sleeper.pid, now)
    sleeper.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert not lives(sleeper.pid, now)
    sleeper.wait()
    assert not lives(sleeper.pid, now)


def test_a_process_that_got_the_id_of_one_long_gone_is_not_it(sleeper: subprocess.Popen[bytes]) -> None:
    assert not lives(sleeper.pid, time.time() - 2 * CLOCK_S)  # noqa: TID251


def test_run_monitoring_hears_that_a_run_s_process_is_gone(
    instance: dg.DagsterInstance, sleeper: subprocess.Popen[bytes]
) -> None:
    assert _health(instance, sleeper.pid) is WorkerStatus.RUNNING
    sleeper.kill()
    sleeper.wait()
    assert _health(instance, sleeper.pid) is WorkerStatus.FAILED


def test_a_run_without_a_process_yet_and_one_of_another_machine_are_let_be(instance: dg.DagsterInstance) -> None:
    gone = 2**22 + 1  # above what the system gives
    assert _health(instance, gone) is WorkerStatus.FAILED
    assert _health(instance, None) is WorkerStatus.RUNNING
    assert _health(instance, gone, ELSEWHERE) is WorkerStatus.RUNNING


def test_the_shipped_configuration_looks_often_enough_for_an_objective_of_five_minutes() -> None:
    shipped = yaml.safe_load(SHIPPED.read_text())
    assert shipped["run_launcher"]["class"] == LocalRunLauncher.__name__
    monitoring = shipped["run_monitoring"]
    assert monitoring["enabled"] and monitoring["poll_interval_seconds"] <= 30
    assert shipped["run_retries"]["enabled"] and shipped["run_retries"]["max_retries"] >= 2
