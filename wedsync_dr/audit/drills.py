"""Drills: which recovery points were restored, how fast against the RTO, and whether a damaged copy was refused."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from wedsync_dr.audit.document import Deviation, Dot, Dots, Row, Section, Table, table
from wedsync_dr.audit.events import run_in, who, within
from wedsync_dr.audit.material import Material
from wedsync_dr.drill.report import EVENT
from wedsync_dr.model import Tier, parse_utc
from wedsync_dr.schedule.policy import URGENCY
from wedsync_dr.vault.ledger import LedgerEntry

_CONTROLS = ("A1.3", "A.8.13", "CP-9(2)")


def drills(material: Material) -> Section:
    """Every drill of the period, every recovery point that one restored, and the times beside the targets."""
    seen = within(material.entries, material.period, EVENT)
    text = (
        "A drill restores recovery points into scratch databases: never into production. It compares every row with "
        "what was sealed, restores a row that was made for this drill alone (the canary), and feeds the same code a "
        "damaged copy that it has to refuse. A drill that accepts the damaged copy proves nothing and counts as "
        "failed.",
    )
    return Section("drills", "Restores that were proven", _CONTROLS, text, (_by_tier(seen), _each(seen), _points(seen)),
                   (_chart(seen, material),), tuple(_failed(material, seen)))  # fmt: skip


def lines(seen: Sequence[LedgerEntry]) -> Iterator[tuple[LedgerEntry, Mapping[str, Any]]]:
    """Every recovery point that was restored, with its drill."""
    for entry in seen:
        for line in entry.body.get("results", ()):
            yield entry, line


def _in_time(line: Mapping[str, Any]) -> bool:
    return line["target_seconds"] is None or line["seconds"] <= line["target_seconds"]


def _by_tier(seen: Sequence[LedgerEntry]) -> Table:
    rows = []
    for tier in URGENCY:
        mine = [line for _, line in lines(seen) if line["tier"] == tier.value]
        if mine:
            times = [line["seconds"] for line in mine]
            equal, late = sum(bool(line["equal"]) for line in mine), sum(not _in_time(line) for line in mine)
            evidence = tuple(dict.fromkeys(entry.sequence for entry, line in lines(seen) if line["tier"] == tier.value))
            cells = (tier.value, mine[0]["target_seconds"], len(mine), equal, median(times), max(times), late)
            rows.append(Row(cells, evidence, wrong=equal < len(mine) or bool(late)))
    columns = (
        "tier | RTO:seconds | restored:number | equal:number | median:seconds | slowest:seconds | later than RTO:number"
    )
    return table("restore_times", "Targets and what was achieved, over the period", columns, rows)


def _each(seen: Sequence[LedgerEntry]) -> Table:
    columns = (
        "at:instant | restored:number | equal:number | canary:mark | damaged copy refused:mark | "
        "whole platform | took:seconds | result | who | Dagster run:run"
    )
    return table("drills", "The drills", columns, [_drill(entry) for entry in seen])


def _drill(entry: LedgerEntry) -> Row:
    body, results = entry.body, entry.body.get("results", ())
    equal = sum(bool(one["equal"]) for one in results)
    canary = bool(body.get("canary", {}).get("equal"))
    refused, seconds = bool(body.get("control_refused")), body.get("seconds")
    result = "passed" if body.get("ok") else f"{len(body.get('problems', ()))} problems"
    cells = (entry.at, len(results), equal, canary, refused, _whole(body), seconds, result, who(body), run_in(body))
    return Row(cells, (entry.sequence,), wrong=not body.get("ok"))


def _whole(body: Mapping[str, Any]) -> str:
    whole = body.get("whole")
    if not whole:
        return "not in this drill"
    return f"{whole['tables']} tables in {whole['seconds']:.1f} s" if whole["whole"] else "not equal"


def _points(seen: Sequence[LedgerEntry]) -> Table:
    columns = (
        "at:instant | scope:id | recovery point:id | tier | rows:number | took:seconds | RTO:seconds | "
        "equal:mark | problem"
    )
    rows = [
        Row((entry.at, f"{one['kind']}/{one['scope_id']}", one["snapshot_id"], one["tier"], one.get("rows"),
             one["seconds"], one["target_seconds"], bool(one["equal"]), _problem(one)), (entry.sequence,),
            wrong=not one["equal"] or not _in_time(one))
        for entry, one in lines(seen)
    ]  # fmt: skip
    rows.sort(key=lambda row: not row.wrong)
    return table("drilled_points", "The recovery points that were restored, what failed first", columns, rows, shown=25)


def _problem(line: Mapping[str, Any]) -> str:
    if line["problem"]:
        return str(line["problem"])
    return "" if _in_time(line) else "later than its RTO"


def _chart(seen: Sequence[LedgerEntry], material: Material) -> Dots:
    targets = {line["tier"]: line["target_seconds"] for _, line in lines(seen) if line["tier"]}
    shown = [tier for tier in URGENCY if tier.value in targets]
    begin, length = material.period.begin, material.period.end - material.period.begin
    dots = [
        Dot((parse_utc(entry.at) - begin) / length, float(line["seconds"]), shown.index(Tier(line["tier"])))
        for entry, line in lines(seen)
        if line["tier"] and line["equal"]
    ]
    series = tuple((tier.value, float(targets[tier.value])) for tier in shown)
    days = tuple(day.isoformat() for day in material.period.days(material.period.begin.replace(year=9999)))
    return Dots("Time of each restore, and the RTO of each tier", "restore_times", days, series, tuple(dots))


def _failed(material: Material, seen: Sequence[LedgerEntry]) -> Iterator[Deviation]:
    if not seen:
        yield Deviation("No drill ran in this period: that recovery points restore was not proven.")
    every = [entry for entry in material.entries if entry.event == EVENT]
    for entry in seen:
        if entry.body.get("ok"):
            continue
        passed = next((one for one in every if one.sequence > entry.sequence and one.body.get("ok")), None)
        problems = entry.body.get("problems") or ["it did not end"]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        closed = f"{passed.at[:16]} by a drill that passed" if passed else ""
        evidence = (entry.sequence, *((passed.sequence,) if passed else ()))
        yield Deviation(f"The drill of {entry.at[:16]} failed: {problems[0]}{more}", closed, evidence)
