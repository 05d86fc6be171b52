"""Constraints that PostgreSQL leaves unchecked while a restore writes, checked before the commit.

Deferrable unique and exclusion constraints are checked by internal triggers, and those are off in a replica.
"""

from collections.abc import Iterable, Iterator, Sequence

from wedsync_dr.errors import Conflict
from wedsync_dr.model import quoted
from wedsync_dr.restore.difference import TableChange
from wedsync_dr.restore.live import Target
from wedsync_dr.snapshot.opening import SealedTable
from wedsync_dr.source.catalog import Table
from wedsync_dr.source.copytext import texts_of
from wedsync_dr.source.guards import Exclusion
from wedsync_dr.source.literal import one_of
from wedsync_dr.verification.closure import column_values


def require_unique(target: Target, changes: Iterable[TableChange], exclusions: Sequence[Exclusion]) -> None:
    """Raise Conflict where a written row breaks a deferrable constraint."""
    for change in changes:
        for name, sql in _questions(target, change, exclusions):
            if any(True for _ in target.copy(sql)):
                raise Conflict(
                    f"Constraint {name} of {change.table} refuses a restored row; all was rolled back.",
                    remedy="Find the row that is in the way, or choose tables with --tables; then make a new plan.",
                )


def _questions(target: Target, change: TableChange, exclusions: Sequence[Exclusion]) -> Iterator[tuple[str, str]]:
    if not change.written:
        return
    table = target.catalog.tables[change.table]
    for key in table.unique_keys:
        if key.deferrable and (wanted := _written(table, change, key.columns)):
            names = ", ".join(f"t.{quoted(name)}" for name in key.columns)
            rows = f"SELECT 1 FROM {table.from_sql} AS t WHERE {wanted}"
            yield key.name, f"{rows} GROUP BY {names} HAVING count(*) > 1"
    for exclusion in exclusions:
        wanted = _written(table, change, change.head.key)
        if exclusion.table == change.table and exclusion.deferrable and not exclusion.partial_or_expression:
            yield exclusion.name, _meeting(table, exclusion, wanted or "true")


def _meeting(table: Table, exclusion: Exclusion, wanted: str) -> str:
    """Two rows that exclude each other, one of them written."""
    meets = " AND ".join(
        f"t.{quoted(name)} {operator} other.{quoted(name)}"
        for name, operator in zip(exclusion.columns, exclusion.operators, strict=True)
    )
    apart = "(t.tableoid, t.ctid) <> (other.tableoid, other.ctid)"
    return f"SELECT 1 FROM {table.from_sql} AS t JOIN {table.from_sql} AS other ON {meets} AND {apart} WHERE {wanted}"


def _written(table: Table, change: TableChange, columns: tuple[str, ...]) -> str | None:
    """The condition that a row has values which a written row has in the columns."""
    values = column_values(SealedTable(change.head, change.written), columns) if columns else set()
    if not values:
        return None
    types = [table.column[name].type for name in columns]
    return one_of([f"t.{quoted(name)}" for name in columns], types, [texts_of(value) for value in values])
