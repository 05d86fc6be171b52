"""How a request stands, worked out slowly: every question is put to the whole history, and nothing is remembered but
which entries counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from wedsync_dr.model import parse_utc

History = Sequence[tuple[str, dict[str, Any]]]


@dataclass
class Outcome:
    """Who approved, who went alone, and which use was the one."""

    approvers: list[str]
    alone: str | None
    use: str | None
    ended: str | None


def outcome(history: History) -> Outcome:
    """The first entry is the request."""
    counted: list[tuple[str, dict[str, Any]]] = []
    for event, body in history[1:]:
        if _counts(history[0][1], counted, event, body):
            counted.append((event, body))
    alone, use = _last(counted, "restore-alone"), _last(counted, "approval-used")
    ended = next((event for event, _ in counted if event in ("restore-refused", "restore-withdrawn")), None)
    return Outcome(
        [body["by"]["subject"] for event, body in counted if event == "restore-approved"],
        alone["by"]["subject"] if alone else None,
        use["use"] if use else None,
        ended,
    )


def _counts(asked: dict[str, Any], counted: History, event: str, body: dict[str, Any]) -> bool:
    happened = [name for name, _ in counted]
    over = {"restore-refused", "restore-withdrawn", "approval-used"} & set(happened)
    if over or parse_utc(body["at"]) >= parse_utc(asked["expires"]):
        return False
    if event == "restore-approved":
        others = [asked["by"], *(b["by"] for name, b in counted if name == "restore-approved")]
        return all(not _same(body["by"], other) for other in others)
    if event == "restore-withdrawn":
        return _same(body["by"], asked["by"])
    if event == "restore-alone":
        return asked["emergency"] and 10 <= len(body["reason"]) <= 500 and "restore-alone" not in happened
    if event == "approval-used":
        enough = happened.count("restore-approved") >= _needed(asked, parse_utc(body["at"]))
        mine = [asked["by"], *(b["by"] for name, b in counted if name == "restore-alone")]
        allowed = any(_same(body["by"], one) for one in mine)
        return allowed and body["plan"] == asked["plan"] and (enough or "restore-alone" in happened)
    return event == "restore-refused"


def _needed(asked: dict[str, Any], at: datetime) -> int:
    for start, end in asked["hours"]:
        if asked["approvals"] and timedelta() <= at - parse_utc(start) <= parse_utc(end) - parse_utc(start):
            return 2
    return int(asked["approvals"])


def _same(one: dict[str, str], other: dict[str, str]) -> bool:
    names = {one["subject"].lower(), other["subject"].lower()}
    return len(names) == 1 or one["token"] == other["token"] != ""


def _last(counted: History, event: str) -> dict[str, Any] | None:
    return next((body for name, body in reversed(counted) if name == event), None)
