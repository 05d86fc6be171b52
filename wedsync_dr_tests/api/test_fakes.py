"""The stand-in for Dagster keeps its contract."""

import pytest

from wedsync_dr.api.runs import Run
from wedsync_dr_tests.api.fakes import FakeRuns
from wedsync_dr_tests.api.runs_contract import Ended, RunsContract, mark

__all__ = ["mark"]


class TestFakeRuns(RunsContract):
    @pytest.fixture
    def runs(self) -> FakeRuns:
        return FakeRuns()

    @pytest.fixture
    def endless(self) -> dict[str, object]:
        return {"weddings": ["w1"]}

    @pytest.fixture
    def ended(self, runs: FakeRuns) -> Ended:
        def wait(run_id: str) -> Run:
            if not runs.runs[run_id].status.over:
                runs.go_on(run_id)
            return runs.runs[run_id]

        return wait
