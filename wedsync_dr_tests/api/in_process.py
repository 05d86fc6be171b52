"""Runs that really run, when a test says so: the job of the definitions, in this process, with an instance of its own.

It stands still until then like the fake that it is, so a test can look and act between launch and end.
"""

from typing import Any

import dagster as dg

from wedsync_dr.api.runs import RunFailure, RunStatus
from wedsync_dr.definitions import defs
from wedsync_dr.defs.resources import Protection
from wedsync_dr_tests.api.fakes import FakeRuns
from wedsync_dr_tests.api.running import Running


class InProcessRuns(FakeRuns):
    """Whatever the API launched is carried out by `carry_out`."""

    def __init__(self, api: Running) -> None:
        super().__init__()
        self._api = api

    def carry_out(self) -> RunStatus:
        """Run the newest run that is not over, to its end; how it ended."""
        run = next(one for one in reversed(self.runs.values()) if not one.status.over)
        protection = Protection(lambda: self._api.site.settings, self._api.clock)
        with dg.DagsterInstance.ephemeral() as instance:
            result = defs.resolve_job_def(run.job).execute_in_process(
                run_config=dict(run.config),
                instance=instance,
                resources={"protection": protection},
                raise_on_error=False,
            )
        if not self.runs[run.run_id].status.over:
            status = RunStatus.COMPLETED if result.success else RunStatus.FAILED
            self.end(run.run_id, status, None if result.success else _failure(result))
        return self.runs[run.run_id].status


def _failure(result: dg.ExecuteInProcessResult) -> RunFailure:
    failed = next(event for event in result.all_events if event.is_step_failure)
    told = failed.step_failure_data.user_failure_data
    said: dict[str, Any] = {name: value.value for name, value in told.metadata.items()} if told else {}
    what = str(told.description) if told else ""
    return RunFailure(str(said.get("error", "Refused")), what, str(said.get("remedy", "")))
