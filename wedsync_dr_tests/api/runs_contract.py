"""What every implementation of `Runs` must do; a fake that passes may stand in for Dagster."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from secrets import token_hex

import pytest

from wedsync_dr.api.once import Launcher, Request
from wedsync_dr.api.runs import UNDER_WAY, Order, Run, Runs, RunStatus
from wedsync_dr.errors import KeyReused

Ended = Callable[[str], Run]
"""Waits until a run is over, and returns it."""


def wave(*, mark: str, **form: object) -> Order:
    """An order of snapshots, marked with a tag of the test that gives it."""
    return Order("snapshot_wave", {"ops": {"snapshot_scopes": {"config": form}}}, {"wedsync/test": mark})


@pytest.fixture
def mark() -> str:
    return token_hex(8)


class RunsContract:
    """The class that tests an implementation has the fixtures `runs`, `ended` and `endless` (a form that waits)."""

    def test_a_run_is_found_by_its_tags_and_ends_as_it_must(self, runs: Runs, ended: Ended, mark: str) -> None:
        order = wave(mark=mark, platform_tables=["public.venues"])
        launched = runs.launch(order)
        doomed = runs.launch(wave(mark=mark + "y"))
        assert launched.status in UNDER_WAY
        (found,) = runs.find(tags={"wedsync/test": mark})
        assert (found.run_id, found.config, found.created_at) == (
            launched.run_id,
            order.config,
            launched.created_at,
        )
        assert runs.find(tags={"wedsync/test": mark + "x"}) == []
        over = ended(launched.run_id)
        assert over.status is RunStatus.COMPLETED
        assert over.started_at
        assert over.ended_at
        assert over.ended_at >= over.started_at >= over.created_at
        assert runs.count(tags={"wedsync/test": mark}, statuses=[RunStatus.COMPLETED]) == 1
        assert runs.count(tags={"wedsync/test": mark}, statuses=UNDER_WAY) == 0
        assert runs.failure(launched.run_id) is None
        assert not runs.terminate(launched.run_id)
        assert ended(doomed.run_id).status is RunStatus.FAILED
        failure = runs.failure(doomed.run_id)
        assert failure
        assert failure.error == "Refused"
        assert failure.what
        assert failure.remedy

    def test_pages_follow_each_other_newest_first(
        self, runs: Runs, endless: dict[str, object], ended: Ended, mark: str
    ) -> None:
        ids = [runs.launch(wave(mark=mark, **endless)).run_id for _ in range(3)]
        first = runs.find(tags={"wedsync/test": mark}, limit=2)
        rest = runs.find(tags={"wedsync/test": mark}, limit=2, before=first[-1].run_id)
        assert [run.run_id for run in (*first, *rest)] == ids[::-1]
        assert runs.count(tags={"wedsync/test": mark}) == 3
        assert all(runs.terminate(run_id) for run_id in ids)
        assert {ended(run_id).status for run_id in ids} == {RunStatus.CANCELLED}

    def test_what_nobody_launched_is_not_there(self, runs: Runs) -> None:
        unknown = "00000000-0000-4000-8000-000000000000"
        assert runs.run(unknown) is None
        assert runs.failure(unknown) is None
        assert not runs.terminate(unknown)

    def test_two_equal_requests_at_once_are_one_run(self, runs: Runs, endless: dict[str, object], mark: str) -> None:
        launcher = Launcher(runs)
        order = wave(mark=mark, **endless)
        request = Request("somebody", {"what": "venues"}, f"key of {mark}")
        with ThreadPoolExecutor(2) as both:
            came = list(both.map(lambda _: launcher.launch(request, order), range(2)))
        assert sorted(one.again for one in came) == [False, True]
        assert len({one.run.run_id for one in came}) == 1
        assert runs.count(tags={"wedsync/test": mark}) == 1
        assert Launcher(runs).launch(request, order).run.run_id == came[0].run.run_id, "a restart forgets nothing"
        with pytest.raises(KeyReused, match=came[0].run.run_id):
            launcher.launch(Request("somebody", {"what": "tables"}, request.key), order)
        assert launcher.earlier(Request("somebody else", {"what": "tables"}, request.key)) is None
        assert runs.terminate(came[0].run.run_id)
