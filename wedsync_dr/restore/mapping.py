"""How the columns of a snapshot fit the columns of the database, where the schema has moved on between them. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from wedsync_dr.model import TableName
from wedsync_dr.scope.names import ColumnName
from wedsync_dr.scope.rules import Rules
from wedsync_dr.snapshot.sealed_rows import TableHead
from wedsync_dr.source.catalog import Column, Table

Named = tuple[str, str]
"""A column's name and type."""


class Fit(StrEnum):
    """What becomes of a column."""

    SAME = "same"
    DEFAULT = "default"
    CAST = "cast"
    DROPPED = "dropped"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True)
class ColumnFit:
    """A column in the snapshot and in the database, and how the one becomes the other.

    `loses`: values have no place or come out different. `inserts_only`: matters only where rows are inserted.
    """

    fit: Fit
    before: Named | None
    after: Named | None
    why: str = ""
    loses: bool = False
    inserts_only: bool = False

    def to_json(self) -> dict[str, Any]:
        before, after = self.before or (None, None), self.after or (None, None)
        names = {"from": before[0], "from_type": before[1], "to": after[0], "to_type": after[1]}
        return names | {"fit": self.fit.value, "loses": self.loses, "why": self.why}


@dataclass(frozen=True)
class TableFit:
    """A table in the snapshot, with so many rows, and in the database; `after` is None where it has no place."""

    before: TableName
    after: TableName | None
    columns: tuple[ColumnFit, ...]
    rows: int

    @property
    def drifted(self) -> bool:
        """Whether anything is not as it was."""
        renamed = any(c.before and c.after and c.before[0] != c.after[0] for c in self.columns)
        return self.after != self.before or renamed or any(c.fit is not Fit.SAME for c in self.columns)

    def to_json(self) -> dict[str, Any]:
        return {
            "table": str(self.before),
            "to": str(self.after) if self.after else None,
            "rows": self.rows,
            "columns": [column.to_json() for column in self.columns],
        }


def table_now(rules: Rules, name: TableName, tables: Sequence[TableName] | frozenset[TableName]) -> TableName | None:
    """What a table of a snapshot is called now; None where it is no more."""
    if name in tables:
        return name
    now = rules.renamed_tables.get(name)
    return now if now in tables else None


def column_now(rules: Rules, before: TableName, column: str, known: Sequence[str]) -> str | None:
    """What a column of a snapshot is called now; None where it is no more."""
    if column in known:
        return column
    now = rules.renamed_columns.get(ColumnName(before, column))
    return now.column if now and now.column in known else None


def column_fits(rules: Rules, sealed: TableHead, live: TableHead, table: Table) -> Iterator[ColumnFit]:
    """Every column of both sides, as far as names and types tell; casts are still to be tried with the values."""
    now = {name: column_now(rules, sealed.table, name, live.names) for name in sealed.names}
    came_from = {after: before for before, after in now.items() if after}
    types = dict(sealed.columns)
    for name, kind in live.columns:
        before = came_from.get(name)
        if before is None:
            yield _new(table.column[name], (name, kind))
        else:
            fit = Fit.SAME if types[before] == kind else Fit.CAST
            yield ColumnFit(fit, (before, types[before]), (name, kind))
    for name, kind in sealed.columns:
        if not now[name]:
            generated = name in table.column and table.column[name].generated
            why = "generated now: it is computed again" if generated else "the database has no such column any more"
            yield ColumnFit(Fit.DROPPED, (name, kind), None, why)


def _new(column: Column, named: Named) -> ColumnFit:
    if column.name and not (column.not_null and column.default is None and not column.identity):
        why = (
            "new: rows to insert get its default"
            if column.default or column.identity
            else "new: rows to insert get NULL"
        )
        return ColumnFit(Fit.DEFAULT, None, named, why)
    why = "new: it may not be NULL and has no default, so no row can be inserted"
    return ColumnFit(Fit.IMPOSSIBLE, None, named, why, inserts_only=True)
