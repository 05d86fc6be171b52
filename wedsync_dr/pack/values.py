"""PostgreSQL's text of a value as a person reads it: dates, times, spans, lists, addresses."""

import json
import re
from collections.abc import Iterator
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

_SPAN = re.compile(r"(?:(?P<days>\d+) days?)? ?(?:(?P<h>\d+):(?P<m>\d\d):\d\d(?:\.\d+)?)?\Z")
_ITEM = re.compile(r'"((?:[^"\\]|\\.|"")*)"|([^,]*)')
_ESCAPE = re.compile(r'\\(.)|""')


def moment(text: str | None, zone: ZoneInfo, day: date | None = None) -> datetime | None:
    """A timestamp, or a time of the given day, in a time zone; None where Python has no such instant (`infinity`)."""
    try:
        at = datetime.fromisoformat(text) if text else None
    except ValueError:
        return _time_of(text, zone, day)
    return None if at is None else at.astimezone(zone) if at.tzinfo else at.replace(tzinfo=zone)


def _time_of(text: str | None, zone: ZoneInfo, day: date | None) -> datetime | None:
    try:
        return datetime.combine(day, time.fromisoformat(text), zone) if text and day else None
    except ValueError:
        return None


def beginning(text: str | None, zone: ZoneInfo, day: date | None = None) -> datetime | None:
    """The lower bound of a range, or the moment itself."""
    if text and text[0] in "[(":
        text = next(items(text[1:-1]), None)
    return moment(text, zone, day)


def day_of(text: str | None) -> date | None:
    """A date, or that of a timestamp; None for `infinity` and dates before Christ."""
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None


def span(text: str | None) -> str:
    """An interval in days, hours and minutes; nothing for one that is none of a day's plan (months, negative parts)."""
    found = _SPAN.match(text or "")
    if not found:
        return ""
    counts = ((int(found[name] or 0), unit) for name, unit in (("days", "d"), ("h", "h"), ("m", "min")))
    return " ".join(f"{count} {unit}" for count, unit in counts if count)


def is_true(text: str | None) -> bool:
    """Whether a flag is set, as a boolean or a word."""
    return (text or "").strip().casefold() in ("t", "true", "yes", "y", "1", "critical", "high")


def member(text: str | None, name: str) -> str | None:
    """A member of a JSON object as text."""
    try:
        value = json.loads(text) if text else None
    except ValueError:
        return None
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) or found is None else json.dumps(found, ensure_ascii=False)


def plain(text: str | None, kind: str) -> str:
    """A value on one line: the parts of a list or a composite joined by commas, without what is empty."""
    text = text or ""
    if (kind.endswith("[]") and text[:1] in "{[") or (text[:1] == "(" and text[-1:] == ")" and "." in kind):
        inner = text[text.index("{") :].replace("{", "").replace("}", "") if kind.endswith("[]") else text[1:-1]
        text = ", ".join(part for part in items(inner) if part and part != "NULL")
    return " ".join(text.split())


def items(inner: str) -> Iterator[str]:
    """The members of an array, row or range literal, without its brackets."""
    at = 0
    while at <= len(inner):
        found = _ITEM.match(inner, at)
        if found is None:
            return
        yield _ESCAPE.sub(lambda one: one[1] or '"', found[1]) if found[1] is not None else found[2]
        at = found.end() + 1
