"""What a database has: tables, columns, keys, triggers, sequences, discovered from pg_catalog at run time."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from wedsync_dr.model import TableName
from wedsync_dr.source import queries
from wedsync_dr.source.reader import Reader

_BYTES_PER_UNKNOWN_ROW = 128


@dataclass(frozen=True)
class Column:
    """A column. `type` is spelled with schema and modifiers; `base_type` looks through domains, without modifiers.

    `deterministic`: its collation calls no two different texts equal.
    """

    name: str
    type: str
    not_null: bool
    generated: bool
    identity: str
    default: str | None
    position: int
    base_type: str
    deterministic: bool = True

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
    oids, version = list(kept), reader.server_version
    columns = _grouped(reader.rows(queries.COLUMNS, [oids]), lambda row: Column(*row[1:]))
    names = _Names(columns)
    unique = reader.rows(queries.for_version(queries.UNIQUE_KEYS, version), [oids])
    keys = _grouped(unique, lambda row: _unique_key(row, names))
    foreign = _foreign_keys(reader, oids, names)
    triggers = _grouped(reader.rows(queries.TRIGGERS, [oids]), lambda row: Trigger(*row[1:]))
    tables = [
        _table(row, columns[row[0]], keys[row[0]], foreign[row[0]], triggers[row[0]]) for row in found if row[0] in kept
    ]
    return Catalog(
        tables={table.name: table for table in tables},
        sequences=tuple(
            Sequence(TableName(schema, name), kept[oid], column)
            for oid, schema, name, column in reader.rows(queries.SEQUENCES, [oids])
        ),
        skipped=tuple((TableName(row[1], row[2]), reason) for row in found if (reason := _skip_reason(row))),
    )


_Part = TypeVar("_Part")


def _grouped(rows: list[tuple[Any, ...]], make: Callable[[tuple[Any, ...]], _Part]) -> Mapping[int, tuple[_Part, ...]]:
    """Parts by the oid of their table, which stands first in each row."""
    parts: defaultdict[int, tuple[_Part, ...]] = defaultdict(tuple)
    collected: defaultdict[int, list[_Part]] = defaultdict(list)
    for row in rows:
        collected[row[0]].append(make(row))
    parts.update({oid: tuple(found) for oid, found in collected.items()})
    return parts


class _Names:
    """Columns of tables by their numbers."""

    def __init__(self, columns: Mapping[int, tuple[Column, ...]]) -> None:
        self._of = {oid: {column.position: column.name for column in found} for oid, found in columns.items()}

    def of(self, oid: int, numbers: Iterable[int]) -> tuple[str, ...]:
        """Names of some columns; a number that names none, as that of an expression, is left out."""
        names = self._of.get(oid, {})
        return tuple(names[number] for number in numbers if number in names)


def _unique_key(row: tuple[Any, ...], names: _Names) -> UniqueKey:
    oid, name, numbers, width, *rest = row
    return UniqueKey(name, names.of(oid, numbers[:width]), *rest)


def _foreign_keys(reader: Reader, oids: list[int], names: _Names) -> Mapping[int, tuple[ForeignKey, ...]]:
    found = reader.rows(queries.for_version(queries.FOREIGN_KEYS, reader.server_version), [oids, oids])
    used = sorted({operator for row in found for operator in row[11]})
    operators = dict(reader.rows(queries.OPERATORS, [used])) if used else {}
    return _grouped(found, lambda row: _foreign_key(row, names, operators))


def _foreign_key(row: tuple[Any, ...], names: _Names, operators: Mapping[int, str]) -> ForeignKey:
    oid, name, columns, schema, target, target_oid, target_columns, *flags, used, given = row
    validated, deferrable, on_delete, enforced = flags
    return ForeignKey(
        name=name,
        columns=names.of(oid, columns),
        target=TableName(schema, target),
        target_columns=tuple(given) if given is not None else names.of(target_oid, target_columns),
        validated=validated,
        deferrable=deferrable,
        on_delete=on_delete,
        enforced=enforced,
        operators=tuple(operators[operator] for operator in used),
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
