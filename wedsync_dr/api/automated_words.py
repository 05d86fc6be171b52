"""What runs by itself, on the wire."""

from enum import StrEnum
from typing import Annotated, Literal

from fastapi import Body
from pydantic import Field, WithJsonSchema

from wedsync_dr.api.automations import Automation, Trigger
from wedsync_dr.api.manual_form import BackupType, Id
from wedsync_dr.api.wire import Asked, Wire
from wedsync_dr.model import Tier, utc_text
from wedsync_dr.schedule.policy import URGENCY, Policy, Priority, TierPolicy


class LastTick(Wire):
    """The last time that it looked whether there is something to do, and how that ended."""

    at: str
    status: str


class Automatic(Wire):
    """A schedule (`cron`, `timeZone`) or a sensor (`everySeconds`) that Dagster runs. What is off has no next runs."""

    name: str
    trigger: Trigger
    description: str
    jobs: list[str]
    enabled: bool
    cron: str | None
    time_zone: str | None
    every_seconds: int | None
    next_runs: list[str]
    last_tick: LastTick | None

    @classmethod
    def of(cls, one: Automation) -> "Automatic":
        tick = LastTick(at=utc_text(one.last_tick.at), status=one.last_tick.status) if one.last_tick else None
        return cls(
            name=one.name,
            trigger=one.trigger,
            description=one.description,
            jobs=list(one.jobs),
            enabled=one.enabled,
            cron=one.cron,
            time_zone=one.time_zone,
            every_seconds=one.every_s,
            next_runs=[utc_text(at) for at in one.next_runs],
            last_tick=tick,
        )


class Kept(Wire):
    """How long snapshots stay: every one for `everySeconds`, then by hour, day, week, month and year."""

    every_seconds: int
    hourly_seconds: int
    daily_seconds: int
    weekly: int
    monthly: int
    yearly: int
    minimum: int


class TierTargets(Wire):
    """What a tier promises, how often its weddings are looked at, and how long their snapshots stay."""

    tier: Tier
    priority: Priority
    days_before: int | None
    days_after: int | None
    cadence_seconds: int
    rpo_seconds: int
    rto_seconds: int
    retention: Kept


def tiers_of(policy: Policy) -> list[TierTargets]:
    """Every tier, the most urgent first."""
    return [_tier(tier, policy.of(tier)) for tier in URGENCY]


def _tier(tier: Tier, numbers: TierPolicy) -> TierTargets:
    kept = numbers.retention
    return TierTargets(
        tier=tier,
        priority=numbers.priority,
        days_before=numbers.days_before,
        days_after=numbers.days_after,
        cadence_seconds=int(numbers.cadence.total_seconds()),
        rpo_seconds=int(numbers.rpo.total_seconds()),
        rto_seconds=int(numbers.rto.total_seconds()),
        retention=Kept(
            every_seconds=int(kept.every.total_seconds()),
            hourly_seconds=int(kept.hourly.total_seconds()),
            daily_seconds=int(kept.daily.total_seconds()),
            weekly=kept.weekly,
            monthly=kept.monthly,
            yearly=kept.yearly,
            minimum=kept.minimum,
        ),
    )


class Requested(Wire):
    """A schedule that somebody asked for. `organizationId` null: everything. Its runs are jobs of that `scheduleId`."""

    schedule_id: str
    status: str
    organization_id: str | None
    cron: str
    time_zone: str
    backup_type: BackupType
    requested_by: str
    created_at: str
    cancelled_at: str | None
    next_run: str | None
    links: dict[str, str]


class Automated(Wire):
    """What runs by itself. `automations` is null while Dagster does not answer: nobody can tell then, nor whether
    `schedules` are carried out."""

    success: bool = True
    automations: list[Automatic] | None
    carried_out: bool | None
    schedules: list[Requested]
    tiers: list[TierTargets]


class Switch(Asked):
    """A schedule or sensor by its name, and whether it is to be on."""

    name: str = Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9_]+$")
    enabled: bool


class Switched(Wire):
    """It is as asked now."""

    success: bool = True
    automation: Automatic


class Cadence(StrEnum):
    """DAILY at 03:00, WEEKLY on Sundays at 03:00, MONTHLY on the first at 04:00, CUSTOM as `customCron` says."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    CUSTOM = "CUSTOM"


class _Form(Asked):
    """What every schedule has: an organization, with the weddings it takes part in, or without one everything."""

    timezone: Annotated[str, WithJsonSchema({"type": "string", "format": "time-zone"})] | None = None
    organization_id: Id | None = None
    backup_type: BackupType = BackupType.FULL
    retention_days: Annotated[int | None, WithJsonSchema({"type": "null"})] = Field(
        default=None, description="Not taken: how long snapshots stay is decided by the tier, in policy.toml."
    )


class UsualForm(_Form):
    """Snapshots at the usual time of that cadence."""

    schedule: Literal[Cadence.DAILY, Cadence.WEEKLY, Cadence.MONTHLY]


class CustomForm(_Form):
    """Snapshots when a cron line says: minute, hour, day of the month, month, day of the week."""

    schedule: Literal[Cadence.CUSTOM]
    custom_cron: Annotated[str, WithJsonSchema({"type": "string", "format": "cron"})]


ScheduleForm = Annotated[UsualForm | CustomForm, Body(discriminator="schedule")]


class Scheduled(Wire):
    """It will run. `backupId` is the schedule's id: each of its runs is a job with snapshots of its own."""

    success: bool = True
    backup_id: str
    scheduled_at: str
    next_run: str | None
    priority: Priority
    message: str
    schedule: Requested


class Unscheduled(Wire):
    """It runs no more."""

    success: bool = True
    message: str
    schedule: Requested
