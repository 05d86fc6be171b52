"""When a wedding is under way: from the first to the last event of its timeline on its day, in its own time zone.

A wedding without a timeline has the whole of its day. What is read is the wedding as it is in the source, or, where it
is gone from there, as its snapshot has it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from wedsync_dr.approval.asking import instant_of
from wedsync_dr.approval.request import Hours
from wedsync_dr.model import Kind, ScopeId, TableName
from wedsync_dr.restore.live import Target, heads_for, read_live
from wedsync_dr.schedule.tiers import zone_of
from wedsync_dr.scope.discovery import date_columns, day_of
from wedsync_dr.scope.rules import Rules
from wedsync_dr.scope.survey import Source, survey
from wedsync_dr.snapshot.opening import OpenSnapshot
from wedsync_dr.snapshot.sealed_rows import TableHead
from wedsync_dr.source.copytext import values_of

Rows = Mapping[TableName, tuple[TableHead, Sequence[bytes]]]

_TIMELINE = re.compile("timeline|programme|run_?sheet")
_INSTANTS = ("timestamp with time zone", "timestamp without time zone")
_STARTS = ("starts_at", "start_at", "start_time", "starts_on")
_ENDS = ("ends_at", "end_at", "end_time", "ends_on")
_SPAN = re.compile(r"(?:(\d+) (?:years?|mons?) ?)*(?:(\d+) days? ?)?(?:(\d+):(\d\d):(\d\d)(?:\.\d+)?)?")
_LONGEST = timedelta(days=1)  # of one event: whoever types more has mistyped


@dataclass(frozen=True)
class Timeline:
    """The table of what happens when, and its columns."""

    head: TableHead
    start: str
    end: str | None
    duration: str | None


def hours_of(source: Source, snapshot: OpenSnapshot, scope: ScopeId) -> tuple[Hours, ...]:
    """The hours of a wedding, a span a day; none for what is no wedding or has no date."""
    if scope.kind is not Kind.WEDDING:
        return ()
    sealed = {name: (table.head, table.lines) for name, table in snapshot.tables.items()}
    with survey(source) as seen:
        target, roots = Target.of(seen), source.rules.roots.get(Kind.WEDDING, ())
        heads = [head for head in heads_for(target, sealed, scope) if head.table in roots or timeline_in(head)]
        live = read_live(target, scope, heads)
    found = {head.table: (head, live[head.table]) for head in heads if live[head.table]}
    rows: Rows = found if any(root in found for root in roots) else sealed
    return tuple(hours_in(rows, roots, source.rules, source.default_time_zone))


def hours_in(rows: Rows, roots: Sequence[TableName], rules: Rules, default_zone: str) -> Iterator[Hours]:
    """The hours of the wedding that these rows are."""
    dated = next((day for root in roots if root in rows and (day := _days(*rows[root], rules, default_zone))), None)
    if dated is None:
        return
    first, last, zone = dated
    lines = [(timeline, rows[head.table][1]) for head, _ in rows.values() if (timeline := timeline_in(head))]
    spans = [span for timeline, some in lines for span in _events(timeline, some, zone)]
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    on_days = [[span for span in spans if span.start.astimezone(zone).date() == day] for day in days]
    if not any(on_days):
        yield Hours(datetime.combine(first, time(), zone), datetime.combine(last + timedelta(days=1), time(), zone))
    for some in filter(None, on_days):
        yield Hours(min(span.start for span in some), max(span.end for span in some))


def timeline_in(head: TableHead) -> Timeline | None:
    """What a table says of when things happen, by its name and its columns' names and types; None if nothing."""
    if not _TIMELINE.search(head.table.name):
        return None
    kinds = dict(head.columns)
    start = _first(_STARTS, kinds, _INSTANTS)
    if start is None:
        return None
    return Timeline(head, start, _first(_ENDS, kinds, _INSTANTS), _first(("duration",), kinds, ("interval",)))


def _first(names: Sequence[str], kinds: Mapping[str, str], wanted: Sequence[str]) -> str | None:
    return next((name for name in names if kinds.get(name) in wanted), None)


def _days(head: TableHead, lines: Sequence[bytes], rules: Rules, default_zone: str) -> tuple[date, date, tzinfo] | None:
    """First and last day of a wedding, and where they are."""
    day, end, zone = date_columns(rules, head.table, head.columns)
    for line in lines:
        row: dict[str | None, Any] = dict(zip(head.names, values_of(line), strict=True))
        if first := day_of(row.get(day)):
            last = day_of(row.get(end)) or first
            return first, min(max(first, last), first + timedelta(days=31)), zone_of(row.get(zone), default_zone)
    return None


def _events(timeline: Timeline, lines: Sequence[bytes], zone: tzinfo) -> Iterator[Hours]:
    for line in lines:
        row = dict(zip(timeline.head.names, values_of(line), strict=True))
        start = _instant(row[timeline.start], zone)
        if start is None:
            continue
        end = _instant(row[timeline.end], zone) if timeline.end else None
        end = end or start + _span(row[timeline.duration] if timeline.duration else None)
        yield Hours(start, max(start, min(end, start + _LONGEST)))


def _instant(text: str | None, zone: tzinfo) -> datetime | None:
    """A time without a zone is the wedding's own."""
    found = instant_of(text.encode()) if text else None
    return found.replace(tzinfo=zone) if found and found.tzinfo is None else found


def _span(text: str | None) -> timedelta:
    """An interval as PostgreSQL prints it, as far as a day holds it; a negative one is none."""
    found = _SPAN.fullmatch(text or "")
    months, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else [0] * 5
    return min(timedelta(days=31 * months + days, hours=hours, minutes=minutes, seconds=seconds), _LONGEST)
