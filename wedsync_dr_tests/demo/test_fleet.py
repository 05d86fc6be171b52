"""Two Celery workers with Redis between, as on several machines."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from wedsync_dr.demo.deployment import Deployment
from wedsync_dr.demo.fleet import Fleet as Celery
from wedsync_dr.demo.graphql import FINISHED
from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.verification.verify import verify
from wedsync_dr_tests.demo.play import Play, children

ROOT = Path(__file__).parents[2]
ABLE = shutil.which("redis-server") and find_spec("dagster_celery")
played = pytest.mark.skipif(
    not ABLE, reason="NOT TESTED: no redis-server (apt-get install redis-server) or no extra celery"
)


class Fleet(Play):
    """A deployment whose runs are taken by workers."""

    def workers(self) -> list[int]:
        return [pid for one in self.heads() for pid in children(one)]

    def heads(self) -> list[int]:
        """The workers' own processes, each of which leads a session."""
        return [one.child.pid for one in self.stage.started() if one.name.startswith("worker") and one.alive]

    def head_of(self, run_id: str) -> int:
        """Which worker took the run."""
        pid = self.pid_of(run_id)
        return os.getsid(pid) if pid else 0


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with Deployment(tmp_path_factory.mktemp("fleet") / "home", workers=2) as stage:
        yield Fleet(stage, weddings=8)


@played
def test_both_workers_take_runs_and_nothing_is_taken_twice(fleet: Fleet) -> None:
    ids = fleet.scene.ids(Kind.WEDDING)
    fleet.edit(*ids)
    runs = [fleet.wave([wedding]) for wedding in ids]
    fleet.until(lambda: all(fleet.scene.dagster.run_status(run_id) in FINISHED for run_id in runs))
    assert {fleet.scene.dagster.run_status(run_id) for run_id in runs} == {"SUCCESS"}
    assert {fleet.head_of(run_id) for run_id in runs} == set(fleet.heads())
    archive = fleet.stage.archive()
    assert [len(list(archive.vault.snapshots(scope=ScopeId(Kind.WEDDING, one)))) for one in ids] == [2] * len(ids)
    assert verify(archive).intact


@played
def test_a_killed_worker_is_survived(fleet: Fleet) -> None:
    killed: list[int] = []

    def worker_of(run_id: str) -> list[int]:
        killed.append(fleet.head_of(run_id))
        return [killed[0], *children(killed[0])]

    fleet.strike(worker_of)
    fleet.until(fleet.made_good)
    assert killed[0] not in fleet.heads()
    assert len(fleet.heads()) == 2


def test_the_instance_of_several_machines_differs_in_its_launcher_alone() -> None:
    one, several = (yaml.safe_load((ROOT / place / "dagster.yaml").read_text()) for place in ("", "deploy/celery"))
    assert one.pop("run_launcher") != several.pop("run_launcher")
    assert one == several


def test_without_redis_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DisasterRecoveryError, match="redis-server") as refused:
        Celery(workers=2, port=1, home=tmp_path, password="").broker()
    assert "apt-get install redis-server" in refused.value.remedy


def test_the_broker_s_password_is_for_the_owner_alone(tmp_path: Path) -> None:
    if not ABLE:
        pytest.skip("NOT TESTED: no redis-server")
    program, file = Celery(workers=2, port=1, home=tmp_path, password="a secret").broker()["redis"]
    assert Path(file).stat().st_mode & 0o077 == 0
    assert "a secret" in Path(file).read_text() and "a secret" not in program


IN_A_WORKER_S_PROCESS = """
from billiard.pool import Pool
from wedsync_dr.snapshot.pool import process_pool

def begin(told):
    pass

def double(number):
    return 2 * number

def batch(configured):
    if configured:
        import dagster_celery_config
        dagster_celery_config.may_have_children()
    try:
        with process_pool(1, begin, None) as pool:
            return list(pool.map(double, [21]))
    except AssertionError as refused:
        return str(refused)

if __name__ == "__main__":
    processes = Pool(1)
    print(processes.apply(batch, [False]), processes.apply(batch, [True]))
    processes.terminate()
"""


def test_a_worker_s_process_may_start_others_for_a_large_batch(tmp_path: Path) -> None:
    if not ABLE:
        pytest.skip("NOT TESTED: no extra celery")
    program = tmp_path / "program.py"
    program.write_text(IN_A_WORKER_S_PROCESS)
    url = "redis://127.0.0.1:1/0"
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'deploy' / 'celery'}",
        "DAGSTER_CELERY_BROKER": url,
        "DAGSTER_CELERY_BACKEND": url,
    }
    done = subprocess.run([sys.executable, program], env=environment, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.split("\n")[0] == "daemonic processes are not allowed to have children [42]"
