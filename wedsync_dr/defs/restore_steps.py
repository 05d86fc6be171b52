"""What travels between the steps of a restore, ids and fingerprints, never rows; and the way back from them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dagster as dg

from wedsync_dr.defs.resources import Protection
from wedsync_dr.errors import Damaged, PlanStale
from wedsync_dr.model import ScopeId
from wedsync_dr.restore.plan import RestorePlan, make_plan
from wedsync_dr.restore.resolve import RecoveryPoint, resolve
from wedsync_dr.restore.terms import Terms


@dataclass(frozen=True)
class Chosen:
    """Which recovery point, and what is asked of it."""

    scope: ScopeId
    snapshot_id: str
    taken_at: datetime
    terms: Terms
    plan_only: bool
    requested_by: str
    run_id: str = ""
    request_id: str = ""


@dataclass(frozen=True)
class Planned:
    """A plan that was shown. Whoever applies it makes it again and must get the same fingerprint."""

    chosen: Chosen
    fingerprint: str
    empty: bool


def point_of(protection: Protection, chosen: Chosen) -> RecoveryPoint:
    """The chosen recovery point, read and verified in full again. Raises Damaged where it is no longer intact."""
    point = resolve(protection.archive(), chosen.scope, chosen.taken_at)
    if point.manifest.snapshot_id != chosen.snapshot_id:
        raise Damaged(
            f"Snapshot {chosen.snapshot_id} of {chosen.scope} is no longer intact.",
            remedy="Start the restore again: it takes the newest intact snapshot.",
        )
    return point


def plan_of(protection: Protection, chosen: Chosen) -> tuple[RecoveryPoint, RestorePlan]:
    """The plan for what the database holds now, and the point it starts from."""
    point = point_of(protection, chosen)
    return point, make_plan(protection.source(), protection.archive(), point, chosen.terms)


def approved(planned: Planned, plan: RestorePlan) -> RestorePlan:
    """The plan, if it is the one that was shown. Raises PlanStale where rows moved since."""
    if plan.fingerprint != planned.fingerprint:
        raise PlanStale(
            f"Rows of {planned.chosen.scope} moved since the plan was made; nothing was changed.",
            remedy="Start the restore again, so that it plans anew.",
        )
    return plan


def summary_of(plan: RestorePlan) -> str:
    """The plan in one line of the run's log."""
    rows, tables = plan.rows, sum(not change.empty for change in plan.changes)
    counts = f"{rows['inserted']} rows to insert, {rows['updated']} to update, {rows['deleted']} to delete"
    return f"{counts}, in {tables} tables; {len(plan.conflicts)} conflict(s)."


def plan_metadata(plan: RestorePlan) -> dict[str, dg.MetadataValue]:
    """The plan as an operator reads it: tables, owners and counts; no values."""
    shown = plan.to_json()
    metadata: dict[str, dg.MetadataValue] = {
        "rows_to_insert": dg.MetadataValue.int(plan.rows["inserted"]),
        "rows_to_update": dg.MetadataValue.int(plan.rows["updated"]),
        "rows_to_delete": dg.MetadataValue.int(plan.rows["deleted"]),
        "fingerprint": dg.MetadataValue.text(plan.fingerprint),
    }
    for name in ("tables", "linked_parents", "conflicts", "silent_triggers", "left_behind", "refused_snapshots"):
        if shown[name]:
            metadata[name] = dg.MetadataValue.table([_record(row) for row in shown[name]])
    if drifted := [column for table in shown["mapping"] for column in columns_shown(table)]:
        metadata["mapping"] = dg.MetadataValue.table([_record(column) for column in drifted])
    if shown["dirty"]:
        rows = [_record({name: one[name] for name in ("table", "constraint", "rows")}) for one in shown["dirty"]]
        metadata["dirty"] = dg.MetadataValue.table(rows)
    for name in ("missing_parents", "unlinked"):
        if counts := Counter(_place(row) for row in shown[name]):
            rows = [dg.TableRecord({"link": place, "rows": count}) for place, count in counts.items()]
            metadata[name] = dg.MetadataValue.table(rows)
    return metadata


def columns_shown(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The columns of a table that did not stay as they were, a row each."""
    place = {"table": table["table"], "to_table": table["to"] or "nowhere"}
    changed = [column for column in table["columns"] if column["fit"] != "same" or column["from"] != column["to"]]
    return [place | column for column in changed] or [place | {"fit": "dropped" if not table["to"] else "renamed"}]


def _place(link: Mapping[str, Any]) -> str:
    """Where a link leads from and to, without the keys of its rows."""
    return f"{link['table']} ({', '.join(link['columns'])}) → {link['parent']} of {link['owner']}"


def _record(row: Mapping[str, Any]) -> dg.TableRecord:
    return dg.TableRecord({name: value if isinstance(value, int) else _text(value) for name, value in row.items()})


def _text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
