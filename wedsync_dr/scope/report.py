"""The decision for every table, to show to a person: whose its rows are, by which paths, and what is undecided."""

from collections.abc import Iterator
from typing import Any

from wedsync_dr.model import Kind, TableName
from wedsync_dr.scope.checking import expired
from wedsync_dr.scope.ownership import ResolvedOwnership
from wedsync_dr.source.catalog import Catalog, Table
from wedsync_dr.source.session import Reader

_KINDS = (Kind.WEDDING, Kind.VENDOR, Kind.PLATFORM)


def describe(reader: Reader, catalog: Catalog, ownership: ResolvedOwnership) -> dict[str, Any]:
    """`{"tables": […], "warnings": […]}` as `wedsync-dr scopes --json` prints it; the rows add up to the database."""
    tables = [_table(reader, table, ownership) for table in catalog.tables.values()]
    return {"tables": tables, "warnings": list(_warnings(reader, catalog, ownership))}


def _table(reader: Reader, table: Table, ownership: ResolvedOwnership) -> dict[str, Any]:
    *counts, several = reader.rows(ownership.select_counts(table.name))[0]
    rows = dict(zip((kind.value for kind in _KINDS), counts, strict=True))
    return {
        "table": str(table.name),
        "owner_kind": _owner_kind(rows, ownership.kinds(table.name)),
        "paths": ownership.paths(table.name),
        "class": ownership.row_class(table.name).value,
        "rows": rows,
        "several": several,
        "notes": list(_notes(table, ownership, several)),
    }


def _owner_kind(rows: dict[str, int], possible: set[Kind]) -> str:
    """The kind that owns most rows; of an empty table the first that could."""
    most = max(rows.values())
    kinds = [kind for kind in _KINDS if rows[kind.value] == most and (most or kind in possible)]
    return kinds[0].value


def _notes(table: Table, ownership: ResolvedOwnership, several: int) -> Iterator[str]:
    if table.name in ownership.left_out:
        rule = next(entry for entry in ownership.rules.left_out if entry.table == table.name)
        yield f"left out until {rule.until}: {rule.reason}"
    if several:
        yield f"{several} row(s) reach several weddings or vendors and are the platform's"
    if not table.primary_key:
        yield "no primary key: a row is identified by all of its values"
    if table.unlogged:
        yield "unlogged: a crash of the source empties it"


def _warnings(reader: Reader, catalog: Catalog, ownership: ResolvedOwnership) -> Iterator[str]:
    for name, column, root in _undecided(catalog, ownership):
        yield f"{name}.{column} is named like a reference to {root}, and has neither a foreign key nor a rule"
    for entry in ownership.rules.left_out:
        if entry.table in ownership.left_out:
            yield f"{entry.table} is left out until {entry.until}: {entry.reason}"
    for name in expired(ownership.rules, reader.instant.taken_at.date()):
        yield f"{name} is protected again: its exception has run out"
    for name, reason in catalog.skipped:
        yield f"{name} is not protected: {reason}"


def _undecided(catalog: Catalog, ownership: ResolvedOwnership) -> Iterator[tuple[TableName, str, TableName]]:
    """Columns named after a root table that nothing says the meaning of."""
    roots = {f"{_singular(root.table.name)}_id": root.table for kind in _KINDS for root in ownership.roots(kind)}
    ruled = {(rule.source.table, rule.source.column) for rule in ownership.rules.references}
    for table in catalog.tables.values():
        keyed = {column for key in table.foreign_keys for column in key.columns}
        for column in table.column:
            root = roots.get(column)
            if (
                root
                and column not in keyed
                and (table.name, column) not in ruled
                and table.name not in ownership.left_out
            ):
                yield table.name, column, root


def _singular(name: str) -> str:
    return name.removesuffix("s")
