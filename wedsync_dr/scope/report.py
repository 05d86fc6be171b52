"""The decision for every table, to show to a person: whose its rows are, by which paths, and what is undecided."""

from collections.abc import Iterator
from typing import Any

from wedsync_dr.model import Kind
from wedsync_dr.scope.checking import expired
from wedsync_dr.scope.ownership import ResolvedOwnership
from wedsync_dr.scope.undecided import Undecided, Urgency, undecided
from wedsync_dr.source.access import not_seen_whole
from wedsync_dr.source.catalog import Catalog, Table
from wedsync_dr.source.session import Reader

_EXAMPLES = 3
_UNSEEN = "the role may not read it: its rows are not counted"
_KINDS = (Kind.WEDDING, Kind.VENDOR, Kind.PLATFORM)


def describe(reader: Reader, catalog: Catalog, ownership: ResolvedOwnership) -> dict[str, Any]:
    """`{"tables": […], "undecided": […], "warnings": […]}` as `wedsync-dr scopes --json` prints it; the rows add up to
    the database."""
    unseen = not_seen_whole(reader, ownership.left_out)
    tables = [_table(reader, table, ownership, seen=table.name not in unseen) for table in catalog.tables.values()]
    rows = {name: sum(table["rows"].values()) for name, table in zip(catalog.tables, tables, strict=True)}
    open_ = undecided(reader, catalog, ownership, rows)
    return {
        "tables": tables,
        "undecided": [_undecided_json(one) for one in open_],
        "warnings": [
            *(_sentence(one) for one in open_ if one.urgency is not Urgency.REST),
            *_warnings(reader, catalog, ownership),
        ],
    }


def _undecided_json(one: Undecided) -> dict[str, Any]:
    return {
        "urgency": int(one.urgency),
        "why": one.urgency.name.lower().replace("_", "-"),
        "table": str(one.table),
        "column": one.column,
        "rows": one.rows,
        "what": one.what,
    }


def _sentence(one: Undecided) -> str:
    return f"{one.table}{f'.{one.column}' if one.column else ''} {one.what}"


def _table(reader: Reader, table: Table, ownership: ResolvedOwnership, *, seen: bool) -> dict[str, Any]:
    *counts, several = reader.rows(ownership.select_counts(table.name))[0] if seen else (0, 0, 0, 0)
    rows = dict(zip((kind.value for kind in _KINDS), counts, strict=True))
    examples = _examples(reader, table, ownership) if several and table.primary_key else []
    return {
        "table": str(table.name),
        "owner_kind": _owner_kind(rows, ownership.kinds(table.name)),
        "paths": ownership.paths(table.name),
        "class": ownership.row_class(table.name).value,
        "rows": rows,
        "several": several,
        "examples": examples,
        "notes": [*_notes(table, ownership, several, examples), *([] if seen else [_UNSEEN])],
    }


def _examples(reader: Reader, table: Table, ownership: ResolvedOwnership) -> list[dict[str, str]]:
    """The keys of some rows that reach several scopes."""
    found = reader.rows(ownership.select_several(table.name, _EXAMPLES))
    return [dict(zip(table.primary_key, key, strict=True)) for key in found]


def _owner_kind(rows: dict[str, int], possible: set[Kind]) -> str:
    """The kind that owns most rows; of an empty table the first that could."""
    most = max(rows.values())
    kinds = [kind for kind in _KINDS if rows[kind.value] == most and (most or kind in possible)]
    return kinds[0].value


def _notes(table: Table, ownership: ResolvedOwnership, several: int, examples: list[dict[str, str]]) -> Iterator[str]:
    if table.name in ownership.left_out:
        rule = next(entry for entry in ownership.rules.left_out if entry.table == table.name)
        yield f"left out until {rule.until}: {rule.reason}"
    if several:
        keys = "; ".join(", ".join(f"{name} {value}" for name, value in key.items()) for key in examples)
        said = f", for example {keys}" if examples else ""
        yield f"{several} row(s) reach several weddings or vendors and are the platform's{said}"
    if not table.primary_key:
        yield "no primary key: a row is identified by all of its values"
    if table.unlogged:
        yield "unlogged: a crash of the source empties it"


def _warnings(reader: Reader, catalog: Catalog, ownership: ResolvedOwnership) -> Iterator[str]:
    if not ownership.rules.roots.get(Kind.WEDDING):
        yield "no table stands for weddings, so no wedding has snapshots of its own: name it under [roots] in the rules"
    for entry in ownership.rules.left_out:
        if entry.table in ownership.left_out:
            yield f"{entry.table} is left out until {entry.until}: {entry.reason}"
    for name in expired(ownership.rules, reader.instant.taken_at.date()):
        yield f"{name} is protected again: its exception has run out"
    for name, reason in catalog.skipped:
        yield f"{name} is not protected: {reason}"
