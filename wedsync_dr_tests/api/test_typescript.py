"""A client in TypeScript, as the platform's back end is: types generated from the document, compiled strictly, run."""

import json
import shutil
import subprocess
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from wedsync_dr.access.roles import Role
from wedsync_dr_tests.api.in_process import InProcessRuns
from wedsync_dr_tests.api.restores import backup, guests, spoil, use
from wedsync_dr_tests.api.running import Running

_SOURCES = Path(__file__).with_name("typescript")
_SOON_S = 60


@pytest.fixture(scope="module")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the client, and the compiler that its lock names."""
    place = tmp_path_factory.mktemp("typescript")
    shutil.copytree(_SOURCES, place, dirs_exist_ok=True)
    command = ["npm", "ci", "--prefer-offline", "--ignore-scripts"]
    try:
        subprocess.run(command, cwd=place, capture_output=True, timeout=_SOON_S, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        warnings.warn("NOT TESTED: the TypeScript client, as npm or its packages are not to be had", stacklevel=1)
        pytest.skip("npm or its packages are not to be had")
    return place


def run(place: Path, *command: str) -> str:
    ended = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=_SOON_S, check=False)  # noqa: S603
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def clients(api: Running, compiler: Path) -> Path:
    """The compiled clients, with types from the document of the running API."""
    (compiler / "openapi.json").write_text(api.get("/openapi.json").text)
    run(
        compiler, "node_modules/.bin/openapi-typescript", "openapi.json", "-o", "api.ts", "--default-non-nullable=false"
    )
    run(compiler, "node_modules/.bin/tsc")
    return compiler / "built"


@pytest.mark.filterwarnings("default:NOT TESTED")
def test_a_generated_client_reads_pages_takes_a_snapshot_verifies_and_is_refused(api: Running, clients: Path) -> None:
    token = api.token(Role.OPERATOR, "1")
    told = json.loads(run(clients, "node", "client.js", api.url, token, "3", "5"))
    whole = api.get("/api/backup/snapshots?limit=100", token).json()["snapshots"]
    assert told["ids"] == [one["backupId"] for one in whole]
    assert (told["verdict"], told["isValid"], told["refused"]) == ("well", True, 404)
    assert told["snapshot"] == [True, "snapshot", "INITIATED"]
    assert told["tiers"] > 0 and len(told["requestId"]) == 32


@pytest.mark.filterwarnings("default:NOT TESTED")
def test_a_generated_client_brings_a_wedding_back_after_another_person_agreed(api: Running, clients: Path) -> None:
    runs = InProcessRuns(api)
    use(api, runs)
    before = spoil(api, 3)
    people = [api.token(Role.OPERATOR, name="olga"), api.token(Role.APPROVER, name="bert")]
    with ThreadPoolExecutor(1) as pool:
        client = pool.submit(run, clients, "node", "restore.js", api.url, *people, backup(api, 3))
        while not client.done():
            if any(not one.status.over for one in list(runs.runs.values())):
                runs.carry_out()
            time.sleep(0.05)
    told = json.loads(client.result())
    assert (told["own"], told["status"], told["verified"]) == (403, "COMPLETED", True)
    assert told["tables"] == ["public.guests"]
    assert guests(api, 3) == before
