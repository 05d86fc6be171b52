"""Processes die in the middle of a batch: a run's, PostgreSQL's, all of Dagster's. Nobody does anything about it."""

from collections.abc import Iterator

import pytest

from wedsync_dr.demo.deployment import Deployment
from wedsync_dr_tests.demo.play import Play


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Play]:
    with Deployment(tmp_path_factory.mktemp("crashes") / "home") as stage:
        yield Play(stage)


def test_a_killed_run_is_noticed_and_made_good(play: Play) -> None:
    play.strike(lambda _: play.workers())
    play.until(play.made_good)
    assert play.said == []


def test_postgresql_is_killed_and_comes_back(play: Play) -> None:
    play.strike(lambda _: [play.stage.server.pid()])
    play.until(play.made_good)
    assert play.said == ["PostgreSQL ended by itself; it is started again now.", "PostgreSQL was started again."]


def test_all_of_dagster_is_killed_and_comes_back(play: Play) -> None:
    play.strike(lambda _: [*play.workers(), *(one.child.pid for one in play.stage.started())])
    play.until(play.made_good)
    assert {f"{name} was started again." for name in ("code server", "webserver", "daemon")} <= set(play.said)
