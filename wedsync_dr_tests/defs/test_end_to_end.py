"""Dagster's webserver and daemon as real processes, asked over GraphQL as its UI asks."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import requests

from wedsync_dr.demo import chapters
from wedsync_dr.demo.deployment import Deployment
from wedsync_dr.demo.graphql import Dagster
from wedsync_dr.demo.scene import Scene
from wedsync_dr.demo.story import Step, Summary, lose
from wedsync_dr.model import Kind, ScopeId, silent
from wedsync_dr.source.session import connect

SOON_S = 90.0


def _processes_of(home: Path) -> list[str]:
    """Every process that knows the home by its environment or its arguments."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
        except OSError:
            continue
        if str(home).encode() in told and process.name != str(os.getpid()):
            found.append(process.name)
    return found


def _wait_for(path: Path, text: str, program: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + SOON_S
    while text not in path.read_text():
        assert program.poll() is None, path.read_text()
        assert time.monotonic() < deadline, path.read_text()
        time.sleep(0.2)
    return path.read_text()


def test_a_lost_wedding_comes_back_through_the_ui_s_own_interface(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Deployment(home) as stage:
        scene = Scene(stage, silent, weddings=12, seed=3)
        for chapter in (chapters.a_platform, chapters.keys_and_vault, chapters.dagster_runs, chapters.partitions):
            chapter(scene)
        backfill = scene.dagster.launch_backfill("vendor_snapshot", scene.ids(Kind.VENDOR))
        scene.run("snapshot_wave", {"ops": {"snapshot_scopes": {"config": {"everything": True}}}})
        chapters.a_wedding_is_lost(scene)
        chapters.it_is_restored(scene)
        chapters.bit_for_bit(scene)
        chapters.a_drill(scene)
        chapters.packs_for_the_field(scene)
        chapters.checks_pass(scene)
        scene.wait("backfill", lambda: scene.dagster.backfill(backfill).runs_finished, done=lambda: 0, total=1)
        assert not scene.dagster.backfill(backfill).failed
        assert scene.dagster.materialized("vendor_snapshot") == len(scene.ids(Kind.VENDOR))
    assert _processes_of(home) == []


def test_an_urgent_wedding_overtakes_a_hundred_bulk_runs(tmp_path: Path) -> None:
    form = {"ops": {"snapshot_scopes": {"config": {"platform_tables": ["public.venues"]}}}}
    with Deployment(tmp_path / "home") as stage:
        scene = Scene(stage, silent, weddings=6, seed=3)
        for chapter in (chapters.a_platform, chapters.keys_and_vault, chapters.dagster_runs, chapters.partitions):
            chapter(scene)
        bulk = [scene.dagster.launch("snapshot_wave", form) for _ in range(100)]
        with connect(stage.source().url, name="a couple in a hurry") as connection:
            (found,) = connection.execute(
                "INSERT INTO public.weddings (title, wedding_date, time_zone)"
                " VALUES ('Elopement', current_date + 1, 'UTC') RETURNING id::text"
            ).fetchall()
        wedding = ScopeId.of_key(Kind.WEDDING, str(found[0]))
        scene.wait(
            "urgent_weddings",
            lambda: stage.archive().vault.newest(wedding) is not None,
            done=lambda: 0,
            total=1,
        )
        waiting = [run_id for run_id in bulk if scene.dagster.run_status(run_id) == "QUEUED"]
        assert waiting, "all bulk runs were done before the urgent one"


def try_the_command_line(home: Path) -> None:
    """As the README says: from the directory of `up`, with nothing set."""
    assert (home / "up" / ".env").stat().st_mode & 0o077 == 0

    def call(*arguments: str) -> str:
        command = [sys.executable, "-c", "from wedsync_dr.cli.main import main; main()", *arguments]
        done = subprocess.run(  # noqa: S603
            command, cwd=home / "up", capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    call("snapshot", "--all")
    wedding, rows = lose(home)
    assert f"{rows} inserted" in call("restore", "--wedding", wedding.id, "--apply")


def try_the_api(home: Path, url: str) -> None:
    """With a token made as `up` says."""
    command = [sys.executable, "-m", "wedsync_dr.cli", "tokens", "create", "--role", "viewer", "--name", "me"]
    made = subprocess.run(command, cwd=home / "up", capture_output=True, text=True, check=True)  # noqa: S603
    deadline = time.monotonic() + SOON_S
    while time.monotonic() < deadline:
        with suppress(requests.ConnectionError):
            headers = {"Authorization": f"Bearer {made.stdout.strip()}"}
            assert requests.get(f"{url}/api/me", headers=headers, timeout=30).json()["subject"] == "token:me"
            return
        time.sleep(0.2)
    raise AssertionError((home / "up" / "api.log").read_text())


def test_up_stays_open_until_ctrl_c_and_can_be_called_again(tmp_path: Path) -> None:
    call = f"from pathlib import Path; from wedsync_dr.demo import story; story.up(Path({str(tmp_path)!r}), weddings=3)"
    for number in (1, 2):
        log = tmp_path / f"log{number}"
        with log.open("wb") as output:
            program = subprocess.Popen([sys.executable, "-c", call], stdout=output, stderr=subprocess.STDOUT)  # noqa: S603
        said = _wait_for(log, "Ctrl-C", program)
        port = int(said.rpartition("127.0.0.1:")[2].split()[0])
        assert Dagster(port).answers()
        try_the_api(tmp_path, said.partition("The API is open: ")[2].partition("/openapi.json")[0])
        assert len(Dagster(port).partition_keys("wedding_snapshot")) == 3
        if number == 1:
            try_the_command_line(tmp_path)
        program.send_signal(signal.SIGINT)
        assert program.wait(timeout=30) == 0, log.read_text()
        assert _processes_of(tmp_path / "up") == []
        assert not Dagster(port).answers()


def test_a_story_that_stops_early_or_leaves_something_running_did_not_hold() -> None:
    held = tuple(Step(str(number), True, 0.0, "") for number in range(len(chapters.CHAPTERS) + 1))
    assert Summary(held, 1.0).ok
    assert not Summary(held[:-1], 1.0).ok
    assert not Summary((*held[:-1], Step("ended", False, 0.0, "")), 1.0).ok
    assert not Summary((), 1.0).ok
