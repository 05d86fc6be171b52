"""A restore plan, and a restore that is done, for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wedsync_dr.cli.output import counted, note, print_table, say, took
from wedsync_dr.restore.plan import RestorePlan
from wedsync_dr.restore.run import Restored

_SHOWN_TRIGGERS = 5


def print_plan(plan: RestorePlan) -> None:
    """Everything that applying would do, in counts and names."""
    document = plan.to_json()
    for refused in document["refused_snapshots"]:
        note(f"refused: {refused['snapshot_id']} is damaged ({refused['why']}); using an older one")
    for refused in document["refused_supplements"]:
        supplement = f"the supplement {refused['snapshot_id']} of {refused['owner']}"
        note(f"refused: {supplement} is damaged ({refused['why']}); its owner's snapshots stand in")
    say(f"{plan.mode.value} {plan.scope} from {document['snapshot_id']}, taken at {document['taken_at']}")
    if document["tables"]:
        print_table(*_changes(document["tables"]), numbers=("insert", "update", "delete", "kept as they are"))
    for line in _remarks(document):
        say(line)
    if plan.empty:
        say("The database already holds what the snapshot says.")


def _changes(tables: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[tuple[object, ...]]]:
    """Columns and rows of the plan's table; `kept as they are` only where a merge keeps rows that differ."""
    columns, fields = ["table", "insert", "update", "delete"], ["insert", "update", "delete"]
    if any(table["kept_different"] for table in tables):
        columns, fields = [*columns, "kept as they are"], [*fields, "kept_different"]
    rows = [(table["table"], *(f"{table[name]:,}" for name in fields)) for table in tables]
    return columns, rows


def _remarks(document: Mapping[str, Any]) -> Iterator[str]:
    for parent in document["linked_parents"]:
        place = "the supplement of " if parent["supplement"] else ""
        rows, source = counted(parent["rows"], "row"), f"{place}{parent['owner']} {parent['snapshot_id']}"
        yield f"linked parent: {rows} of {parent['table']}, from {source}"
    for conflict in document["conflicts"]:
        yield f"conflict ({conflict['code']}): {conflict['table']}: {conflict['detail']}"
    silent = [f"{trigger['table']}.{trigger['trigger']}" for trigger in document["silent_triggers"]]
    if silent:
        more = f" and {len(silent) - _SHOWN_TRIGGERS} more" if len(silent) > _SHOWN_TRIGGERS else ""
        yield f"will not fire: {', '.join(silent[:_SHOWN_TRIGGERS])}{more}"
    rows = document["rows"]
    yield f"rows to insert {rows['inserted']:,}, to update {rows['updated']:,}, to delete {rows['deleted']:,}"
    if document["conflicts"]:
        yield f"{counted(len(document['conflicts']), 'conflict')}: this plan cannot be applied"


def print_restored(restored: Restored) -> None:
    """What was done, how long it took, and how to take it back."""
    rows, seconds = restored.plan.rows, restored.seconds
    changed = f"{rows['inserted']:,} inserted, {rows['updated']:,} updated, {rows['deleted']:,} deleted"
    stages = ", ".join(f"{stage.replace('_', ' ')} {took(spent)}" for stage, spent in seconds.items())
    say(f"restored and verified: {changed}")
    say(f"in {took(sum(seconds.values()))}: {stages}")
    if restored.safety_snapshot_id:
        scope = restored.plan.scope
        undo = f"--{scope.kind.value} {scope.id} --as-of {restored.safety_snapshot_id} --mode replace --apply"
        say(f"to take it back: wedsync-dr restore {undo}")
