"""Schedules that the platform asked for: what they mean, and when they are due. The ledger is their register."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wedsync_dr.errors import ScheduleInvalid
from wedsync_dr.model import parse_utc
from wedsync_dr.schedule.cron import Cron, parse_cron

CREATED, CANCELLED = "schedule-created", "schedule-cancelled"
USUAL = {"DAILY": "0 3 * * *", "WEEKLY": "0 3 * * 0", "MONTHLY": "0 4 1 * *"}
"""When the platform's words for a cadence come; CUSTOM is whatever line is given."""


@dataclass(frozen=True)
class RequestedSchedule:
    """Snapshots of an organization and its weddings, or of everything (None), at the instants of a cron line."""

    id: str
    cron: Cron
    zone: ZoneInfo
    organization: str | None
    backup_type: str
    by: str
    created: datetime
    cancelled: datetime | None = None

    @classmethod
    def of(cls, schedule_id: str, body: Mapping[str, Any]) -> "RequestedSchedule":
        """From its entry in the ledger. Raises ScheduleInvalid where line or zone make no sense any more."""
        return cls(
            id=schedule_id,
            cron=parse_cron(body["cron"]),
            zone=parse_zone(body["time_zone"]),
            organization=body["organization"],
            backup_type=body["backup_type"],
            by=body["by"],
            created=parse_utc(body["at"]),
            cancelled=parse_utc(body["cancelled"]) if "cancelled" in body else None,
        )

    @property
    def changed_only(self) -> bool:
        """Whether what is proven unchanged is only recorded as current: all but FULL."""
        return self.backup_type != "FULL"

    def due(self, now: datetime) -> datetime | None:
        """The last instant at which it was to run. Of several that were missed only this one counts."""
        if self.cancelled:
            return None
        return self.cron.last_until(now, self.zone, self.created)

    def next_run(self, now: datetime) -> datetime | None:
        """When it comes next; one that was cancelled does not."""
        return None if self.cancelled else self.cron.next_after(now, self.zone)


def parse_zone(name: str) -> ZoneInfo:
    """A time zone by its name. Raises ScheduleInvalid."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ScheduleInvalid(
            f"{name[:60]!r} is not the name of a time zone.", remedy="Write it like Europe/Berlin."
        ) from None
