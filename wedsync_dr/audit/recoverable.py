"""Whether a scope could be restored at the end of a day: its recovery point, who read it, who restored it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from wedsync_dr.audit.document import Page, Row, Section, Table, table
from wedsync_dr.audit.events import who
from wedsync_dr.audit.material import Material
from wedsync_dr.audit.questions import answer
from wedsync_dr.drill.report import EVENT as DRILLED
from wedsync_dr.model import Kind, ScopeId, parse_utc, utc_text
from wedsync_dr.schedule.words import spoken
from wedsync_dr.vault.ledger import LedgerEntry
from wedsync_dr.vault.vault import SnapshotRef
from wedsync_dr.verification.record import EVENT as VERIFIED

_ANY = ScopeId(Kind.PLATFORM, "any")
_TITLE = "Could it have been restored?"
_CONTROLS = ("A1.3", "A.8.13", "CP-9(1)", "CP-9(2)")
_NAMED = 100  # scopes that a verification names at most
_WORDS = (
    "A restore of that day would have used the newest snapshot that the ledger names by its end. What is sealed is "
    "never changed: a later reading without a finding proves what was there before, too, since it was sealed.",
)


@dataclass(frozen=True)
class Point:
    """The snapshot that would have been used: the entry that named it, when it was last found current by then, and
    when it went, if it did."""

    snapshot_id: str
    entry: int
    known: str
    removed: str = ""


@dataclass(frozen=True)
class Readings:
    """The last reading of the whole vault by the end of the day, and the first one after it; and all restores of the
    snapshot by drills."""

    before: LedgerEntry | None
    after: LedgerEntry | None
    drills: tuple[tuple[LedgerEntry, dict[str, Any]], ...]


def recoverable_page(material: Material, scope: ScopeId, day: date) -> Page:
    """The answer for the end of a day, or for now where the day is not over, with its evidence."""
    end = min(datetime.combine(day, time(), UTC) + timedelta(days=1), material.made_at)
    subtitle = f"{scope} on {day}"
    point = point_at(material.entries, scope, utc_text(end))
    if point is None:
        none = ("The ledger names no snapshot of it that was there at the end of that day.",)
        section = Section("recovery-point", "The recovery point", _CONTROLS, none)
        return answer(_TITLE, subtitle, "No: there was no recovery point", False, section, material)
    seen = _readings(material.entries, scope, point, utc_text(end))
    tables = (_of_point(point, end), _of_readings(seen, scope), _of_drills(seen))
    verdict, good = _verdict(seen, scope)
    section = Section("recovery-point", "The recovery point", _CONTROLS, _WORDS, tables)
    return answer(_TITLE, subtitle, verdict, good, section, material)


def point_at(entries: Sequence[LedgerEntry], scope: ScopeId, end: str) -> Point | None:
    """The newest snapshot that the ledger names before an instant and that was not removed by then."""
    found: dict[str, Point] = {}
    for entry in entries:
        if entry.event == "snapshots" and entry.body["taken_at"] < end:
            for line in _of(scope, (*entry.body["stored"], *entry.body["current"])):
                first = found.get(line["snapshot_id"])
                number = first.entry if first else entry.sequence
                found[line["snapshot_id"]] = Point(line["snapshot_id"], number, entry.body["taken_at"])
        for line in _of(scope, entry.body.get(_GONE.get(entry.event, ""), ())):
            gone = found.pop(line["snapshot_id"], None)
            if gone and entry.at >= end:
                found[gone.snapshot_id] = replace(gone, removed=entry.at)
    return max(found.values(), key=lambda one: one.snapshot_id, default=None)


_GONE = {"removed": "snapshots", "batch-abandoned": "missing"}


def _of(scope: ScopeId, lines: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    return [line for line in lines if (line["kind"], line["id"]) == (scope.kind.value, scope.id)]


def _readings(entries: Sequence[LedgerEntry], scope: ScopeId, point: Point, end: str) -> Readings:
    there = [one for one in entries if one.sequence > point.entry and not (point.removed and one.at > point.removed)]
    whole = [one for one in there if one.event == VERIFIED and one.body["whole"]]
    before, after = [one for one in whole if one.at < end], [one for one in whole if one.at >= end]
    drills = [
        (one, line)
        for one in there
        if one.event == DRILLED
        for line in one.body.get("results", ())
        if line["snapshot_id"] == point.snapshot_id and f"{line['kind']}/{line['scope_id']}" == str(scope)
    ]
    return Readings(before[-1] if before else None, after[0] if after else None, tuple(drills))


def clean(entry: LedgerEntry, scope: ScopeId) -> bool:
    """Whether a reading found nothing in a scope. Where it found something in more than it names, nothing is clean."""
    found, named = entry.body["findings"], entry.body["scopes"]
    return not found or (0 < len(named) < _NAMED and str(scope) not in named)


def _verdict(seen: Readings, scope: ScopeId) -> tuple[str, bool]:
    drills = [bool(line["equal"]) for _, line in seen.drills]
    readings = [clean(one, scope) for one in (seen.before, seen.after) if one]
    if (drills and not any(drills)) or (readings and not any(readings)):
        return "No: what was sealed was found damaged or did not restore", False
    if not all((*drills, *readings)):
        return "Doubtful: some readings found it whole, others did not", False
    if drills:
        return "Yes: a drill restored this recovery point, equal to what was sealed", True
    if readings:
        return "Yes: the recovery point was there, and every byte of it was read and held", True
    return "Not proven: the recovery point was there, and nobody read it", False


def _of_point(point: Point, end: datetime) -> Table:
    taken = SnapshotRef(_ANY, point.snapshot_id).taken_at
    rows = [
        Row(("snapshot", point.snapshot_id), (point.entry,)),
        Row(("taken at", utc_text(taken)[:19].replace("T", " "))),
        Row(("found unchanged until", point.known[:19].replace("T", " "))),
        Row(("age at the end of the day", spoken(end - parse_utc(point.known)))),
        Row(("removed since", point.removed[:19].replace("T", " ") or "no")),
    ]
    return table("recovery_point", "The recovery point", "what | value:id", rows)


def _of_readings(seen: Readings, scope: ScopeId) -> Table:
    rows = []
    for when, one in (("before", seen.before), ("after", seen.after)):
        if one:
            held = clean(one, scope)
            cells = (when, one.at, "held" if held else "found damaged", one.body["checked"], who(one.body))
            rows.append(Row(cells, (one.sequence,), wrong=not held))
    columns = "when | at:instant | this scope | snapshots read:number | who"
    caption = "Readings of every byte, the nearest before and after the end of that day"
    return table("readings", caption, columns, rows, nothing="Nobody read the whole vault while it was there.")


def _of_drills(seen: Readings) -> Table:
    rows = [
        Row((one.at, line["tier"], line.get("rows"), line["seconds"], line["target_seconds"], bool(line["equal"])),
            (one.sequence,), wrong=not line["equal"])
        for one, line in seen.drills
    ]  # fmt: skip
    columns = "at:instant | tier | rows:number | took:seconds | RTO:seconds | equal:mark"
    return table("drilled", "Drills that restored it", columns, rows, nothing="No drill restored it.")
