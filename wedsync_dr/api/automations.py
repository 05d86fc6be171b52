"""What Dagster starts by itself: its schedules and sensors, as they are now, and switching them on and off."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

from wedsync_dr.api import questions
from wedsync_dr.api.graphql import IN_REPOSITORY, GraphQL
from wedsync_dr.errors import ScheduleNotFound


class Trigger(StrEnum):
    """What starts it: the clock, or something that it looked at."""

    SCHEDULE = "schedule"
    SENSOR = "sensor"


@dataclass(frozen=True)
class Tick:
    """The last time that it looked whether there is something to do, and how that ended."""

    at: datetime
    status: str


@dataclass(frozen=True)
class Automation:
    """A schedule or a sensor. What is switched off has no next runs."""

    name: str
    trigger: Trigger
    description: str
    jobs: tuple[str, ...]
    enabled: bool
    cron: str | None = None
    time_zone: str | None = None
    every_s: int | None = None
    next_runs: tuple[datetime, ...] = ()
    last_tick: Tick | None = None


class Automations(Protocol):
    """An implementation promises that a switch that returned is seen by whoever asks next.

    Each method raises SchedulerUnreachable where there is no answer.
    """

    def all(self) -> list[Automation]:
        """Every schedule, then every sensor, each by name."""

    def switch(self, name: str, *, on: bool) -> Automation:
        """Switch one on or off; it is then as asked, whatever it was. Raises ScheduleNotFound."""


class DagsterAutomations:
    """The schedules and sensors of a Dagster deployment, over its webserver."""

    def __init__(self, dagster: GraphQL) -> None:
        self._dagster = dagster

    def all(self) -> list[Automation]:
        return [automation for automation, _ in self._told()]

    def switch(self, name: str, *, on: bool) -> Automation:
        found, state = next((pair for pair in self._told() if pair[0].name == name), (None, ""))
        if found is None:
            raise ScheduleNotFound(
                f"There is no schedule or sensor {name[:60]!r}.", remedy="GET /api/backup/automated lists them."
            )
        if found.enabled is not on:
            self._turn(found, state, on=on)
        return next(one for one in self.all() if one.name == name)

    def _turn(self, one: Automation, state: str, *, on: bool) -> None:
        schedule = one.trigger is Trigger.SCHEDULE
        if on:
            selector = {**IN_REPOSITORY, "scheduleName" if schedule else "sensorName": one.name}
            self._dagster.ask(questions.START_SCHEDULE if schedule else questions.START_SENSOR, selector=selector)
        else:
            self._dagster.ask(questions.STOP_SCHEDULE if schedule else questions.STOP_SENSOR, id=state)

    def _told(self) -> list[tuple[Automation, str]]:
        """Each with the id of its state, by which it is switched off."""
        schedules = self._dagster.ask(questions.SCHEDULES, repository=IN_REPOSITORY).get("results", ())
        sensors = self._dagster.ask(questions.SENSORS, repository=IN_REPOSITORY).get("results", ())
        found = [(_schedule(one), one["scheduleState"]["id"]) for one in schedules]
        found += [(_sensor(one), one["sensorState"]["id"]) for one in sensors]
        return sorted(found, key=lambda pair: (pair[0].trigger, pair[0].name))


def _schedule(told: Mapping[str, Any]) -> Automation:
    enabled = told["scheduleState"]["status"] == "RUNNING"
    ticks = told["futureTicks"]["results"] if enabled else ()
    return Automation(
        name=told["name"],
        trigger=Trigger.SCHEDULE,
        description=told["description"] or "",
        jobs=(told["pipelineName"],),
        enabled=enabled,
        cron=told["cronSchedule"],
        time_zone=told["executionTimezone"] or "UTC",
        next_runs=tuple(_moment(tick["timestamp"]) for tick in ticks),
        last_tick=_last_tick(told["scheduleState"]),
    )


def _sensor(told: Mapping[str, Any]) -> Automation:
    enabled = told["sensorState"]["status"] == "RUNNING"
    coming = told["nextTick"] if enabled else None
    return Automation(
        name=told["name"],
        trigger=Trigger.SENSOR,
        description=told["description"] or "",
        jobs=tuple(sorted(target["pipelineName"] for target in told["targets"] or ())),
        enabled=enabled,
        every_s=told["minIntervalSeconds"],
        next_runs=(_moment(coming["timestamp"]),) if coming else (),
        last_tick=_last_tick(told["sensorState"]),
    )


def _last_tick(state: Mapping[str, Any]) -> Tick | None:
    return next((Tick(_moment(tick["timestamp"]), tick["status"]) for tick in state["ticks"]), None)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
