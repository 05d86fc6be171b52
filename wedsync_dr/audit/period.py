"""The time that a report is about: whole days in UTC."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from wedsync_dr.errors import MalformedId

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """From the beginning of the first day to the end of the last one, both included."""

    first: date
    last: date

    @property
    def begin(self) -> datetime:
        return datetime.combine(self.first, time(), UTC)

    @property
    def end(self) -> datetime:
        """The instant that is not in the period any more."""
        return datetime.combine(self.last, time(), UTC) + _DAY

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"

    def __contains__(self, moment: datetime) -> bool:
        return self.begin <= moment < self.end

    def days(self, until: datetime) -> list[date]:
        """Its days that have begun by an instant."""
        ended = min(self.last, until.astimezone(UTC).date())
        return [self.first + n * _DAY for n in range((ended - self.first).days + 1)]

    def to_json(self) -> dict[str, str]:
        return {"from": self.first.isoformat(), "to": self.last.isoformat()}


def period_of(first: date | None, last: date | None, today: date) -> Period:
    """The asked period; by default the last whole month. Raises MalformedId where it ends before it begins."""
    last = last or (today if first else today.replace(day=1) - _DAY)
    first = first or last.replace(day=1)
    if last < first:
        raise MalformedId("The period ends before it begins.", remedy="Give --from a day that is not after --to.")
    return Period(first, last)
