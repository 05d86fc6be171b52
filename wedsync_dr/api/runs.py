"""Runs of Dagster: what the API sets going, looks at and stops. No other module of the API knows Dagster's words."""

import json
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

from wedsync_dr.api import questions
from wedsync_dr.api.graphql import IN_REPOSITORY, GraphQL
from wedsync_dr.errors import SchedulerUnreachable

_EVENTS, _PAGES = 1_000, 100
_TRIES, _AGAIN_S = 20, 0.5


class RunStatus(StrEnum):
    """Where a run stands, in the words of the platform's interface."""

    INITIATED = "INITIATED"
    RUNNING = "RUNNING"
    CANCELLING = "CANCELLING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def over(self) -> bool:
        return self in (RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED)


UNDER_WAY = tuple(status for status in RunStatus if not status.over)
_MEANS = {
    RunStatus.INITIATED: ("QUEUED", "NOT_STARTED", "STARTING", "MANAGED"),
    RunStatus.RUNNING: ("STARTED", "SUSPENDED"),
    RunStatus.CANCELLING: ("CANCELING",),
    RunStatus.COMPLETED: ("SUCCESS",),
    RunStatus.FAILED: ("FAILURE",),
    RunStatus.CANCELLED: ("CANCELED",),
}
_POLICY = {
    RunStatus.INITIATED: "MARK_AS_CANCELED_IMMEDIATELY",  # a process that is on its way finds that, and ends
    RunStatus.RUNNING: "SAFE_TERMINATE",
}
_STATUS = {word: status for status, words in _MEANS.items() for word in words}


@dataclass(frozen=True)
class Order:
    """What is asked of Dagster: a job with its form. Tags say for whom, and how urgent it is."""

    job: str
    config: Mapping[str, Any]
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """A run of a job. `step` is the step that it is at, known of a single run that is looked at."""

    run_id: str
    job: str
    status: RunStatus
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    step: str | None = None


@dataclass(frozen=True)
class RunFailure:
    """Why a run failed: the class of the error, what happened where we said it ourselves, and what to do."""

    error: str
    what: str
    remedy: str
    scopes: tuple[tuple[str, str, str], ...] = ()


class Runs(Protocol):
    """An implementation promises that a run which was launched is found by its tags from then on, also after a restart.

    Each method raises SchedulerUnreachable where there is no answer; nothing is known then of what it did.
    """

    def launch(self, order: Order) -> Run:
        """Start a run. Raises SchedulerUnreachable also where Dagster does not take the order."""

    def find(
        self,
        *,
        tags: Mapping[str, str] | None = None,
        job: str | None = None,
        statuses: Collection[RunStatus] = (),
        before: str | None = None,
        limit: int = 100,
    ) -> list[Run]:
        """The newest runs that have all these tags, one of these statuses (none: any), older than the run `before`."""

    def count(
        self, *, tags: Mapping[str, str] | None = None, job: str | None = None, statuses: Collection[RunStatus] = ()
    ) -> int:
        """How many runs `find` would find in all."""

    def run(self, run_id: str) -> Run | None:
        """The run of this id; None where there is none."""

    def failure(self, run_id: str) -> RunFailure | None:
        """Why the run failed; None where it did not."""

    def terminate(self, run_id: str) -> bool:
        """Stop the run and the process that it runs in; False where it was over. It is over a moment later."""


class DagsterRuns:
    """The runs of a Dagster deployment, over its webserver."""

    def __init__(self, dagster: GraphQL) -> None:
        self._dagster = dagster

    def launch(self, order: Order) -> Run:
        params = {
            "selector": {**IN_REPOSITORY, "jobName": order.job},
            "runConfigData": dict(order.config),
            "mode": "default",
            "executionMetadata": {"tags": _pairs(order.tags)},
        }
        found = self._dagster.ask(questions.LAUNCH, params=params)
        if found["__typename"] != "LaunchRunSuccess":
            raise SchedulerUnreachable(
                f"Dagster does not take a run of {order.job} ({found['__typename']}).",
                remedy="API and Dagster must be of one version: see that both were restarted after the last update.",
            )
        return _run(found["run"])

    def find(
        self,
        *,
        tags: Mapping[str, str] | None = None,
        job: str | None = None,
        statuses: Collection[RunStatus] = (),
        before: str | None = None,
        limit: int = 100,
    ) -> list[Run]:
        wanted = _filter(tags, job, statuses)
        found = self._dagster.ask(questions.RUNS, filter=wanted, cursor=before, limit=limit)
        return [_run(one) for one in found.get("results", ())]

    def count(
        self, *, tags: Mapping[str, str] | None = None, job: str | None = None, statuses: Collection[RunStatus] = ()
    ) -> int:
        return int(self._dagster.ask(questions.COUNT, filter=_filter(tags, job, statuses))["count"])

    def run(self, run_id: str) -> Run | None:
        found = self._dagster.ask(questions.RUN, id=run_id)
        return _run(found) if found["__typename"] == "Run" else None

    def failure(self, run_id: str) -> RunFailure | None:
        cursor, last = None, None
        for _ in range(_PAGES):
            found = self._dagster.ask(questions.FAILURES, id=run_id, cursor=cursor, limit=_EVENTS)
            if found["__typename"] != "Run":
                return None
            page = found["eventConnection"]
            for event in page["events"]:
                if event["__typename"] == "ExecutionStepFailureEvent":
                    return _failure(event)
                last = event if event["__typename"] == "RunFailureEvent" else last
            if not page["hasMore"]:
                break
            cursor = page["cursor"]
        return _failure(last) if last else None

    def terminate(self, run_id: str) -> bool:
        for _ in range(_TRIES):
            run = self.run(run_id)
            if run is None or run.status.over:
                return False
            if run.status is RunStatus.CANCELLING:
                return True
            found = self._dagster.ask(questions.TERMINATE, id=run_id, policy=_POLICY[run.status])
            if found["__typename"] == "TerminateRunSuccess":
                return True
            time.sleep(_AGAIN_S)
        raise SchedulerUnreachable(f"Dagster does not stop the run {run_id} yet.", remedy="Ask again in a moment.")


def _pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def _filter(tags: Mapping[str, str] | None, job: str | None, statuses: Collection[RunStatus]) -> dict[str, Any]:
    wanted: dict[str, Any] = {"tags": _pairs(tags or {})}
    if job:
        wanted["pipelineName"] = job
    if statuses:
        wanted["statuses"] = [word for status in statuses for word in _MEANS[status]]
    return wanted


def _run(told: Mapping[str, Any]) -> Run:
    steps = [step["stepKey"] for step in told.get("stepStats", ()) if step["status"] == "IN_PROGRESS"]
    return Run(
        run_id=told["runId"],
        job=told["jobName"],
        status=_STATUS[told["status"]],
        created_at=datetime.fromtimestamp(told["creationTime"], UTC),
        started_at=_moment(told["startTime"]),
        ended_at=_moment(told["endTime"]),
        config=told["runConfig"] or {},
        tags={tag["key"]: tag["value"] for tag in told["tags"]},
        step=steps[-1] if steps else None,
    )


def _moment(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


_OPEN = "Open the run in Dagster: the process that ran it may have died."


def _failure(event: Mapping[str, Any]) -> RunFailure:
    """A failure that we raised ourselves has words of ours; of another one only its class is told."""
    ours = event.get("failureMetadata")
    if not ours:
        kind = (event.get("error") or {}).get("className")
        return RunFailure(kind or "no step says why", "A step failed for a reason that is not ours.", _OPEN)
    said = {entry["label"]: entry for entry in ours["metadataEntries"]}
    text = {label: entry["text"] for label, entry in said.items() if "text" in entry}
    table = said.get("failed", {}).get("table", {}).get("records", ())
    return RunFailure(
        error=text.get("error", "SomeFailed" if table else "Refused"),
        what=ours["description"] or "",
        remedy=text.get("remedy", "The scopes that failed say what to do."),
        scopes=tuple(_problem(json.loads(record)) for record in table),
    )


def _problem(record: Mapping[str, str]) -> tuple[str, str, str]:
    return record["scope"], record["what"], record["what_to_do"]
