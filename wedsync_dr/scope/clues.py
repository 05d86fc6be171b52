"""Columns without a foreign key that may point somewhere, and some of their values, to be looked for elsewhere.

Values stay in memory. What is read is bounded: a part of a large table's blocks, some distinct values of any column.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from wedsync_dr.model import TableName, quoted
from wedsync_dr.scope.affinity import id_like, type_column_of
from wedsync_dr.scope.descent import family
from wedsync_dr.scope.rules import Rules
from wedsync_dr.source.catalog import Catalog, Column, Table
from wedsync_dr.source.literal import literal
from wedsync_dr.source.session import Reader

MOST_VALUES = 500
MOST_TYPES = 50
_WHOLE_ROWS, _SAMPLED_ROWS = 50_000, 20_000
_POINTING = {"uuid", "bigint", "text"}


@dataclass(frozen=True, order=True)
class Clue:
    """A column that may point somewhere; with `when`, in the rows where another column has a value."""

    table: TableName
    column: str
    when: tuple[str, str] | None = None


@dataclass(frozen=True)
class Sample:
    """Distinct values of a clue as text; `whole`: all that there are, of all rows."""

    values: frozenset[str] = field(repr=False)
    whole: bool


def clues(catalog: Catalog, rules: Rules) -> dict[TableName, list[Clue]]:
    """Per table the columns whose meaning neither a foreign key nor a rule says. Not yet taken apart by types."""
    ruled = {(rule.source.table, rule.source.column) for rule in rules.references}
    left_out = {entry.table for entry in rules.left_out}
    found = {
        table.name: [Clue(table.name, name) for name in _open_columns(table) if (table.name, name) not in ruled]
        for table in catalog.tables.values()
        if table.name not in left_out
    }
    return {table: some for table, some in found.items() if some}


def _open_columns(table: Table) -> Iterator[str]:
    keyed = {name for key in table.foreign_keys for name in key.columns}
    for column in table.columns:
        kind = family(column, element=column.is_array)
        if kind not in _POINTING or column.generated or column.name in keyed or _counts_up(column):
            continue
        own = table.primary_key == (column.name,)
        if id_like(column.name) or (kind == "uuid" and not own):
            yield column.name


def _counts_up(column: Column) -> bool:
    """Whether the column gets its numbers from a sequence of its own."""
    return bool(column.identity) or (column.default or "").startswith("nextval(")


def type_column(table: Table, column: str) -> str | None:
    """The column that says which kind of thing a column points to, if there is one."""
    return next(
        (other.name for other in table.columns if _says_type(other) and type_column_of(column, other.name)), None
    )


def _says_type(column: Column) -> bool:
    textual = column.base_type in ("text", "character varying")
    return not column.is_array and not column.generated and (textual or "." in column.base_type)


def look(reader: Reader, table: Table, found: Sequence[Clue]) -> dict[Clue, Sample]:
    """Samples of a table's clues; a column with a type column becomes a clue for each of its types."""
    typed = {clue: kind for clue in found if (kind := type_column(table, clue.column))}
    types = _types(reader, table, sorted(set(typed.values())))
    wanted = [
        one
        for clue in found
        for one in (
            [Clue(clue.table, clue.column, (typed[clue], word)) for word in types[typed[clue]]]
            if clue in typed
            else [clue]
        )
    ]
    return _samples(reader, table, wanted) if wanted else {}


def _types(reader: Reader, table: Table, columns: Sequence[str]) -> Mapping[str, list[str]]:
    found = {}
    for column in columns:
        kind = f"t.{quoted(column)}::pg_catalog.text"
        sql = f"SELECT DISTINCT {kind} FROM {_source(table)} WHERE {kind} IS NOT NULL LIMIT {MOST_TYPES + 1}"
        words = sorted(word for (word,) in reader.rows(sql))
        found[column] = words if len(words) <= MOST_TYPES else []
    return found


def _samples(reader: Reader, table: Table, wanted: Sequence[Clue]) -> dict[Clue, Sample]:
    parts = [
        f"(SELECT {n}, s.e::pg_catalog.text FROM ({_distinct(table, clue)}) AS s)" for n, clue in enumerate(wanted)
    ]
    values: list[set[str]] = [set() for _ in wanted]
    for number, value in reader.rows(" UNION ALL ".join(parts)):
        values[number].add(value)
    whole = not _is_large(table)
    return {
        clue: Sample(frozenset(found), whole and len(found) < MOST_VALUES)
        for clue, found in zip(wanted, values, strict=True)
    }


def _distinct(table: Table, clue: Clue) -> str:
    column = f"t.{quoted(clue.column)}"
    element = f"pg_catalog.unnest({column})" if table.column[clue.column].is_array else column
    where = f"{column} IS NOT NULL"
    if clue.when:
        where += f" AND t.{quoted(clue.when[0])}::pg_catalog.text = {literal(clue.when[1])}"
    rows = f"SELECT {element} AS e FROM {_source(table)} WHERE {where}"
    return f"SELECT DISTINCT r.e FROM ({rows}) AS r WHERE r.e IS NOT NULL LIMIT {MOST_VALUES}"


def _is_large(table: Table) -> bool:
    return table.estimated_rows > _WHOLE_ROWS


def _source(table: Table) -> str:
    """The table as `t`; of a large one about _SAMPLED_ROWS rows, the same each time."""
    if not _is_large(table):
        return f"{table.from_sql} AS t"
    percent = max(0.001, 100 * _SAMPLED_ROWS / table.estimated_rows)
    return f"{table.from_sql} AS t TABLESAMPLE SYSTEM ({percent:.3f}) REPEATABLE (0)"
