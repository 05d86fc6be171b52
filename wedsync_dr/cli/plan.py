"""A restore plan, and a restore that is done, for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wedsync_dr.cli.output import counted, note, print_table, say, took
from wedsync_dr.restore.plan import RestorePlan
from wedsync_dr.restore.run import Restored

_SHOWN_TRIGGERS = 5
_SHOWN_KEYS = 20


def print_plan(plan: RestorePlan) -> None:
    """Everything that applying would do, in counts and names."""
    document = plan.to_json()
    for refused in document["refused_snapshots"]:
        note(f"refused: {_refused(refused)}")
    say(f"{plan.mode.value} {plan.scope} from {document['snapshot_id']}, taken at {document['taken_at']}")
    if document["creates_tables"]:
        say("the tables are made for it, without foreign keys, defaults and triggers")
    if document["tables"]:
        print_table(*_changes(document["tables"]), numbers=("insert", "update", "delete", "kept as they are"))
    for table in document["mapping"]:
        say(f"the schema moved on: {table['table']}" + (f" is {table['to']}" if table["to"] != table["table"] else ""))
        print_table(("in the snapshot", "now", "fit", "why"), [_mapped(column) for column in table["columns"]])
    for line in _remarks(document):
        say(line)
    if plan.empty:
        kept = sum(table["kept_different"] for table in document["tables"])
        say(_nothing_to_do(kept))


def _refused(refused: Mapping[str, Any]) -> str:
    owner = f"{refused['owner']} " if "owner" in refused else ""
    if refused.get("supplement"):
        stands_in = "its owner's snapshots stand in"
        return f"the supplement of {owner}{refused['snapshot_id']} is damaged ({refused['why']}); {stands_in}"
    return f"{owner}{refused['snapshot_id']} is damaged ({refused['why']}); using an older one"


def _nothing_to_do(kept: int) -> str:
    if kept:
        return f"Nothing is missing; {counted(kept, 'row')} differ and stay. --mode replace brings them back."
    return "The database already holds what the snapshot says."


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
        yield f"linked parent: {rows} of {parent['table']}, from {source}, for {', '.join(parent['needed_by'])}"
    for left in document["left_behind"]:
        yield f"left behind: {counted(left['rows'], 'row')} of {left['table']}, which refer to rows that come back"
    for link in (*document["missing_parents"], *document["unlinked"]):
        yield _link(link, "will be NULL" if link in document["unlinked"] else "is missing")
    for dirty in document["dirty"]:
        keys = ", ".join(
            " ".join(f"{name}={value}" for name, value in key.items()) for key in dirty["keys"][:_SHOWN_KEYS]
        )
        more = f" and {dirty['rows'] - _SHOWN_KEYS} more" if dirty["rows"] > _SHOWN_KEYS else ""
        yield f"dirty: {counted(dirty['rows'], 'row')} of {dirty['table']} break {dirty['constraint']}: {keys}{more}"
    for conflict in document["conflicts"]:
        yield f"conflict ({conflict['code']}): {conflict['table']}: {conflict['detail']}"
        yield f"  what to do: {conflict['remedy']}"
    silent = [_silent(trigger) for trigger in document["silent_triggers"]]
    if silent:
        more = f" and {len(silent) - _SHOWN_TRIGGERS} more" if len(silent) > _SHOWN_TRIGGERS else ""
        yield f"will not fire: {', '.join(silent[:_SHOWN_TRIGGERS])}{more}"
    rows = document["rows"]
    yield f"rows to insert {rows['inserted']:,}, to update {rows['updated']:,}, to delete {rows['deleted']:,}"
    if document["conflicts"]:
        yield f"{counted(len(document['conflicts']), 'conflict')}: this plan cannot be applied"


def _mapped(column: Mapping[str, Any]) -> tuple[str, str, str, str]:
    before = f"{column['from']} {column['from_type']}" if column["from"] else ""
    after = f"{column['to']} {column['to_type']}" if column["to"] else ""
    return before, after, column["fit"] + (", loses" if column["loses"] else ""), column["why"]


def _silent(trigger: Mapping[str, Any]) -> str:
    name = f"{trigger['table']}.{trigger['trigger']}" if trigger["table"] else trigger["trigger"]
    return name if trigger["kind"] == "trigger" else f"{trigger['kind']} {name}"


def _link(link: Mapping[str, Any], what: str) -> str:
    row, parent = row_named(link["table"], link["key"]), row_named(link["parent"], link["parent_key"])
    return f"{what}: {', '.join(link['columns'])} of {row}, which refers to {parent} of {link['owner']}"


def row_named(table: str, key: Mapping[str, str | None]) -> str:
    """A row by its key, as `public.guests id=311`."""
    return " ".join([table, *(f"{name}={value}" for name, value in key.items())])


def print_restored(restored: Restored) -> None:
    """What was done, how long it took, and how to take it back."""
    rows, seconds = restored.plan.rows, restored.seconds
    changed = f"{rows['inserted']:,} inserted, {rows['updated']:,} updated, {rows['deleted']:,} deleted"
    stages = ", ".join(f"{stage.replace('_', ' ')} {took(spent)}" for stage, spent in seconds.items())
    say(f"restored and verified: {changed}")
    say(f"in {took(sum(seconds.values()))}: {stages}")
    if restored.undo:
        say(f"to take it back: {restored.undo}")
