"""What a database has: tables, columns, keys, triggers, sequences, discovered from pg_catalog at run time."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from wedsync_dr.model import TableName
from wedsync_dr.source import queries
from wedsync_dr.source.reader import Reader

_BYTES_PER_UNKNOWN_ROW = 128


@dataclass(frozen=True)
class Column:
    """A column. `type` is spelled with schema and modifiers; `base_type` looks through domains, without modifiers."""

    name: str
    type: str
    not_null: bool
    generated: bool
    identity: str
    default: str | None
    position: int
    base_type: str

    @property
    def is_array(self) -> bool:
        return self.base_type.endswith("[]")


@dataclass(frozen=True)
class ForeignKey:
    """A foreign key. `operators` are what it compares with, spelled so that an empty search_path finds them."""

    name: str
    columns: tuple[str, ...]
    target: TableName
    target_columns: tuple[str, ...]
    validated: bool
    deferrable: bool
    on_delete: str
    enforced: bool
    operators: tuple[str, ...]


@dataclass(frozen=True)
class UniqueKey:
    """A unique index or constraint; `columns` are all of it unless `partial_or_expression`."""

    name: str
    columns: tuple[str, ...]
    primary: bool
    deferrable: bool
    partial_or_expression: bool
    nulls_not_distinct: bool


@dataclass(frozen=True)
class Trigger:
    """A trigger that somebody wrote. `enabled` as pg_trigger has it: O origin, R replica, A always, D disabled."""

    name: str
    enabled: str

    @property
    def fires_in_replica_role(self) -> bool:
        return self.enabled in ("R", "A")


@dataclass(frozen=True)
class Sequence:
    """A sequence that feeds a column: owned by it, its identity, or named by its default."""

    name: TableName
    table: TableName
    column: str


@dataclass(frozen=True)
class Table:
    """A table whose rows are read once: ordinary, or partitioned with all its partitions' rows."""

    name: TableName
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    unique_keys: tuple[UniqueKey, ...]
    foreign_keys: tuple[ForeignKey, ...]
    triggers: tuple[Trigger, ...]
    partitioned: bool
    unlogged: bool
    row_security: bool
    force_row_security: bool
    estimated_rows: int
    estimated_bytes: int
    owner: str

    @cached_property
    def column(self) -> Mapping[str, Column]:
        """Columns by name."""
        return {column.name: column for column in self.columns}

    @property
    def from_sql(self) -> str:
        """What FROM needs to read exactly this table's rows: without inheritance children, with partitions."""
        return self.name.sql if self.partitioned else f"ONLY {self.name.sql}"

    def unique_on(self, columns: tuple[str, ...]) -> bool:
        """Whether no two rows have the same values, none of them null, in these columns."""
        return any(
            bool(key.columns) and set(key.columns) <= set(columns)
            for key in self.unique_keys
            if not key.partial_or_expression
        )


@dataclass(frozen=True)
class Catalog:
    """All tables that hold rows of their own, and what was skipped, with the reason."""

    tables: Mapping[TableName, Table]
    sequences: tuple[Sequence, ...]
    skipped: tuple[tuple[TableName, str], ...]

    @cached_property
    def fingerprint(self) -> str:
        """Equal for equal tables, columns, types and keys, in whatever database."""
        tables = [_shape(self.tables[name]) for name in sorted(self.tables)]
        return hashlib.sha256(json.dumps(tables, separators=(",", ":")).encode()).hexdigest()


def columns_of(table: Table) -> tuple[str, ...]:
    """The columns that COPY reads and writes: all but the generated ones."""
    return tuple(column.name for column in table.columns if not column.generated)


def _shape(table: Table) -> list[object]:
    return [
        str(table.name.sql),
        [[c.name, c.type, c.not_null, c.generated, c.identity] for c in table.columns],
        list(table.primary_key),
        sorted([list(key.columns), key.deferrable, key.partial_or_expression] for key in table.unique_keys),
        sorted([list(key.columns), key.target.sql, list(key.target_columns)] for key in table.foreign_keys),
    ]


def load_catalog(reader: Reader) -> Catalog:
    """The catalogue as the reader's transaction sees it."""
    found = reader.rows(queries.TABLES)
    kept = {row[0]: TableName(row[1], row[2]) for row in found if not _skip_reason(row)}
    oids = [list(kept)]
    columns = _grouped(reader.rows(queries.COLUMNS, oids), lambda row: Column(*row))
    keys = _grouped(reader.rows(queries.UNIQUE_KEYS, oids), lambda row: UniqueKey(row[0], tuple(row[1]), *row[2:]))
    foreign = _grouped(reader.rows(queries.FOREIGN_KEYS, oids), _foreign_key)
    triggers = _grouped(reader.rows(queries.TRIGGERS, oids), lambda row: Trigger(*row))
    tables = [
        _table(row, columns[row[0]], keys[row[0]], foreign[row[0]], triggers[row[0]]) for row in found if row[0] in kept
    ]
    return Catalog(
        tables={table.name: table for table in tables},
        sequences=tuple(
            Sequence(TableName(schema, name), kept[oid], column)
            for oid, schema, name, column in reader.rows(queries.SEQUENCES, oids)
        ),
        skipped=tuple((TableName(row[1], row[2]), reason) for row in found if (reason := _skip_reason(row))),
    )


_Part = TypeVar("_Part")


def _grouped(rows: list[tuple[Any, ...]], make: Callable[[tuple[Any, ...]], _Part]) -> Mapping[int, tuple[_Part, ...]]:
    """Parts by the oid of their table, which stands first in each row."""
    parts: defaultdict[int, tuple[_Part, ...]] = defaultdict(tuple)
    collected: defaultdict[int, list[_Part]] = defaultdict(list)
    for oid, *rest in rows:
        collected[oid].append(make(tuple(rest)))
    parts.update({oid: tuple(found) for oid, found in collected.items()})
    return parts


def _foreign_key(row: tuple[Any, ...]) -> ForeignKey:
    name, columns, schema, target, target_columns, validated, deferrable, on_delete, enforced, operators = row
    return ForeignKey(
        name=name,
        columns=tuple(columns),
        target=TableName(schema, target),
        target_columns=tuple(target_columns),
        validated=validated,
        deferrable=deferrable,
        on_delete=on_delete,
        enforced=enforced,
        operators=tuple(operators),
    )


def _skip_reason(row: tuple[Any, ...]) -> str:
    _, _, _, relkind, _, _, _, _, extension, *_ = row
    if extension:
        return f"belongs to extension {extension}"
    return "foreign table: its rows live in another database" if relkind == "f" else ""


def _table(
    row: tuple[Any, ...],
    columns: tuple[Column, ...],
    keys: tuple[UniqueKey, ...],
    foreign_keys: tuple[ForeignKey, ...],
    triggers: tuple[Trigger, ...],
) -> Table:
    _, schema, name, relkind, persistence, row_security, force, owner, _, rows, size = row
    size = size or 0
    return Table(
        name=TableName(schema, name),
        columns=columns,
        primary_key=next((key.columns for key in keys if key.primary), ()),
        unique_keys=keys,
        foreign_keys=foreign_keys,
        triggers=triggers,
        partitioned=relkind == "p",
        unlogged=persistence == "u",
        row_security=row_security,
        force_row_security=force,
        estimated_rows=int(rows) if rows and rows > 0 else size // _BYTES_PER_UNKNOWN_ROW,
        estimated_bytes=size,
        owner=owner,
    )
