"""Rules against the database: everything that they name must be there."""

from collections.abc import Iterator
from datetime import date

from wedsync_dr.errors import RulesInvalid
from wedsync_dr.model import TableName
from wedsync_dr.scope.names import ColumnName
from wedsync_dr.scope.rules import Rules, did_you_mean
from wedsync_dr.source.catalog import Catalog


def check(rules: Rules, catalog: Catalog) -> None:
    """RulesInvalid, with the nearest spelling, where the rules name what the database does not have."""
    for table in _tables(rules):
        _require_table(table, catalog)
    for column in _columns(rules):
        _require_table(column.table, catalog)
        known = catalog.tables[column.table].column
        if column.column not in known:
            raise RulesInvalid(
                f"rules.toml names {column}; {column.table} has no such column.",
                remedy=did_you_mean(column.column, known),
            )
    for kind, roots in rules.roots.items():
        for root in roots:
            if not catalog.tables[root].primary_key:
                raise RulesInvalid(
                    f"{root} is a root of kind {kind.value} and has no primary key.",
                    remedy="Give it one, or drop the rule.",
                )


def expired(rules: Rules, today: date) -> tuple[TableName, ...]:
    """Tables whose exception has run out: they are protected again, and reported."""
    return tuple(entry.table for entry in rules.left_out if entry.until < today)


def _require_table(table: TableName, catalog: Catalog) -> None:
    if table not in catalog.tables:
        known = [str(name) for name in catalog.tables]
        raise RulesInvalid(
            f"rules.toml names the table {table}; the database has no such table.",
            remedy=did_you_mean(str(table), known),
        )


def _tables(rules: Rules) -> Iterator[TableName]:
    for roots in rules.roots.values():
        yield from roots
    yield from rules.not_through
    for table, _ in rules.through:
        yield table
    for entry in rules.left_out:
        yield entry.table
    for owned in rules.owned_by:
        yield owned.table
    yield from rules.renamed_tables.values()


def _columns(rules: Rules) -> Iterator[ColumnName]:
    for reference in rules.references:
        yield reference.source
        yield reference.target
    for owned in rules.owned_by:
        yield owned.via
    yield from rules.renamed_columns.values()
    for (table, _), names in rules.through.items():
        yield from (ColumnName(table, name) for name in names)
    yield from (column for column in (rules.wedding_date, rules.end_date, rules.time_zone) if column)
