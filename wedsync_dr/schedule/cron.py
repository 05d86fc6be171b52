"""Cron lines with a time zone: which instants they mean. Pure; the instant to look from comes in as an argument.

Five fields, as in cron(5): numbers, `*`, lists, ranges, steps, and the English names of months and days; where both the
day of the month and the day of the week are restricted, either is enough. What a clock that is put forward skips comes
as much later; what comes twice when it is put back counts once, unless the line names every hour.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from wedsync_dr.errors import ScheduleInvalid

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_REMEDY = "Write five fields: minute, hour, day of the month, month, day of the week; as in 30 2 * * 1-5."
_FAR = timedelta(days=8 * 366 + 1)
"""As rare as a line can be: 29 February may be eight years away."""
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Cron:
    """A line that was understood."""

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool

    def next_after(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """The first instant after this one, in UTC; None where the line never comes."""
        for day in _days(moment.astimezone(zone).date() - _DAY, _DAY):
            if found := [instant for instant in self._on(day, zone) if instant > moment]:
                return found[0]
        return None

    def last_until(self, moment: datetime, zone: ZoneInfo, since: datetime) -> datetime | None:
        """The last instant up to this one, but after `since`; None where there is none."""
        for day in _days(moment.astimezone(zone).date() + _DAY, -_DAY):
            if day < since.astimezone(zone).date() - _DAY:
                break
            if found := [instant for instant in self._on(day, zone) if since < instant <= moment]:
                return found[-1]
        return None

    def _on(self, day: date, zone: ZoneInfo) -> list[datetime]:
        """The instants of a local day, in order."""
        if not self._is_on(day):
            return []
        folds = (0, 1) if len(self.hours) == 24 else (0,)
        local = [time(hour, minute, fold=fold) for hour in self.hours for minute in self.minutes for fold in folds]
        return sorted({datetime.combine(day, at, zone).astimezone(UTC) for at in local})

    def _is_on(self, day: date) -> bool:
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return day.month in self.months and ((in_month or in_week) if self.either else (in_month and in_week))


def parse_cron(text: str) -> Cron:
    """Understand a line. Raises ScheduleInvalid where it makes no sense, or names a day that no year has."""
    fields = text.lower().split()
    if len(fields) != 5 or len(text) > 100:
        raise _invalid(text, "it has not five fields")
    days = _field(text, fields[2], 1, 31)
    weekdays = frozenset(day % 7 for day in _field(text, fields[4], 0, 7, _DAYS, first=0))
    cron = Cron(
        text=" ".join(text.split()),
        minutes=tuple(sorted(_field(text, fields[0], 0, 59))),
        hours=tuple(sorted(_field(text, fields[1], 0, 23))),
        days=days,
        months=_field(text, fields[3], 1, 12, _MONTHS, first=1),
        weekdays=weekdays,
        either=len(days) < 31 and len(weekdays) < 7,
    )
    if cron.next_after(datetime(2000, 1, 1, tzinfo=UTC), ZoneInfo("UTC")) is None:
        raise _invalid(text, "no year has such a day")
    return cron


def _field(line: str, text: str, low: int, high: int, names: tuple[str, ...] = (), *, first: int = 0) -> frozenset[int]:
    numbers = {name: number for number, name in enumerate(names, first)}
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        start, dash, end = span.partition("-")
        begin = low if span == "*" else _number(line, start, numbers)
        finish = high if span == "*" or (slash and not dash) else _number(line, end, numbers) if dash else begin
        every = _number(line, step, {}) if slash else 1
        if not (low <= begin <= finish <= high) or every < 1:
            raise _invalid(line, f"{part!r} is not between {low} and {high}")
        found.update(range(begin, finish + 1, every))
    return frozenset(found)


def _number(line: str, text: str, names: dict[str, int]) -> int:
    if text in names:
        return names[text]
    if not (text.isascii() and text.isdecimal() and len(text) <= 4):
        raise _invalid(line, f"{text!r} is not a number")
    return int(text)


def _days(first: date, step: timedelta) -> Iterator[date]:
    for number in range(_FAR.days + 3):
        yield first + number * step


def _invalid(text: str, why: str) -> ScheduleInvalid:
    return ScheduleInvalid(f"The cron line {text[:60]!r} makes no sense: {why}.", remedy=_REMEDY)
