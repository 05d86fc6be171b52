"""Stand-ins for Dagster that keep the contract of `runs_contract.py`, and one that is down."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from wedsync_dr.api.automations import Automation
from wedsync_dr.api.runs import Order, Run, RunFailure, Runs, RunStatus
from wedsync_dr.errors import ScheduleNotFound, SchedulerUnreachable

BEGINNING = datetime(2026, 6, 1, 9, tzinfo=UTC)


class FakeRuns:
    """Runs that stand still until a test lets them go on. A form that names nothing fails, as the real one does."""

    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}
        self.failures: dict[str, RunFailure] = {}

    def launch(self, order: Order) -> Run:
        number = len(self.runs) + 1
        at = BEGINNING + timedelta(seconds=number)
        run = Run(f"run-{number}", order.job, RunStatus.INITIATED, at, config=order.config, tags=dict(order.tags))
        self.runs[run.run_id] = run
        return run

    def find(
        self,
        *,
        tags: Mapping[str, str] | None = None,
        job: str | None = None,
        statuses: Collection[RunStatus] = (),
        before: str | None = None,
        limit: int = 100,
    ) -> list[Run]:
        found = [run for run in reversed(self.runs.values()) if _fits(run, tags or {}, job, statuses)]
        ids = [run.run_id for run in found]
        start = ids.index(before) + 1 if before in ids else 0
        return found[start : start + limit]

    def count(
        self, *, tags: Mapping[str, str] | None = None, job: str | None = None, statuses: Collection[RunStatus] = ()
    ) -> int:
        return len(self.find(tags=tags, job=job, statuses=statuses, limit=len(self.runs)))

    def run(self, run_id: str) -> Run | None:
        return self.runs.get(run_id)

    def failure(self, run_id: str) -> RunFailure | None:
        return self.failures.get(run_id)

    def terminate(self, run_id: str) -> bool:
        if run_id not in self.runs or self.runs[run_id].status.over:
            return False
        self.end(run_id, RunStatus.CANCELLED)
        return True

    def end(self, run_id: str, status: RunStatus, failure: RunFailure | None = None) -> None:
        """The run ends as a test says."""
        run = self.runs[run_id]
        ended = run.created_at + timedelta(seconds=5)
        self.runs[run_id] = replace(run, status=status, started_at=run.created_at, ended_at=ended)
        if failure:
            self.failures[run_id] = failure

    def go_on(self, run_id: str) -> None:
        """The run ends as a real one of its form would."""
        named = self.runs[run_id].config.get("ops", {}).get("snapshot_scopes", {}).get("config")
        if named:
            self.end(run_id, RunStatus.COMPLETED)
        else:
            self.end(run_id, RunStatus.FAILED, RunFailure("Refused", "It names nothing.", "Name something."))


def _fits(run: Run, tags: Mapping[str, str], job: str | None, statuses: Collection[RunStatus]) -> bool:
    return tags.items() <= run.tags.items() and job in (None, run.job) and (not statuses or run.status in statuses)


class FakeAutomations:
    """The schedules and sensors that a test says there are."""

    def __init__(self, *there: Automation) -> None:
        self.there = {one.name: one for one in there}

    def all(self) -> list[Automation]:
        return sorted(self.there.values(), key=lambda one: (one.trigger, one.name))

    def switch(self, name: str, *, on: bool) -> Automation:
        if name not in self.there:
            raise ScheduleNotFound(f"There is no schedule or sensor {name}.", remedy="Look at the list.")
        self.there[name] = replace(self.there[name], enabled=on, next_runs=())
        return self.there[name]


class Down:
    """Dagster that does not answer, whatever is asked."""

    def __getattr__(self, name: str) -> object:
        def ask(*_: object, **__: object) -> object:
            raise SchedulerUnreachable("Dagster's webserver does not answer.", remedy="Start it.")

        return ask


def down() -> Runs:
    """Runs of a Dagster that is down."""
    runs: Runs = Down()  # type: ignore[assignment]
    return runs
