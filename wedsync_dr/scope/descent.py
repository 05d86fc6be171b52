"""How the rows of one wedding are found from its root row downwards: in which order, by which columns. No row is read.

A table is asked only for rows that refer to rows found before, so that a question is short and an index serves it; what
else such a row reaches is decided from its own columns (see `scope.holdings`).
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from wedsync_dr.model import Kind, TableName, quoted
from wedsync_dr.scope.edges import Edge, Pair
from wedsync_dr.scope.graph import WalkGraph
from wedsync_dr.source.catalog import Column
from wedsync_dr.source.copytext import texts_of
from wedsync_dr.source.literal import array, one_of
from wedsync_dr.source.order import components

Values = tuple[bytes, ...]
Levels = list[list[list[TableName]]]
Named = tuple[TableName, tuple[str, ...]]
"""Columns of a table that other tables refer to."""

_FAMILIES = {
    "uuid": "uuid",
    "smallint": "bigint",
    "integer": "bigint",
    "bigint": "bigint",
    "date": "date",
    "text": "text",
    "character varying": "text",
}
"""Types whose values are equal exactly if their texts are, by the type that they are compared as."""
PRINTED = {
    "uuid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "bigint": re.compile(r"0|-?[1-9][0-9]{0,17}"),
}

FEW = 8


def family(column: Column, *, element: bool = False) -> str | None:
    """The type that a column's values are compared as; None where equal values may have different texts."""
    kind = column.base_type.removesuffix("[]") if element else column.base_type
    return _FAMILIES.get(kind) if column.deterministic else None


def comparable(pair: Pair) -> bool:
    """Whether two columns hold equal values exactly where their texts are the same."""
    mine, theirs = family(pair.mine, element=pair.array), family(pair.theirs)
    if pair.operator not in (None, "=") or mine is None or theirs is None:
        return False
    return mine == theirs or ("text" in (mine, theirs) and "date" not in (mine, theirs))


@dataclass(frozen=True)
class Step:
    """An edge, and where a question's fields say what it compares and, where it has a condition, whether that holds."""

    edge: Edge
    positions: tuple[int, ...]
    held: int | None

    @property
    def to(self) -> Named:
        return self.edge.target, self.edge.target_columns


@dataclass(frozen=True)
class Question:
    """What is read of a table beside the asked columns: an expression each for what steps from it and to it need."""

    fields: tuple[str, ...]
    steps: tuple[Step, ...]
    named: tuple[tuple[tuple[str, ...], tuple[int, ...]], ...]


class Descent:
    """The order of tables for the weddings of one graph. `possible` only where it gives what the walk gives."""

    def __init__(self, graph: WalkGraph) -> None:
        self._graph = graph
        self._questions: dict[TableName, Question] = {}
        self._levels: dict[frozenset[TableName], Levels] = {}

    @cached_property
    def possible(self) -> bool:
        """Whether every step compares texts, and no wedding's root row can belong to another wedding."""
        roots = self._graph.owners.of_kind(Kind.WEDDING)
        if any(root.number and self._graph.reaches(root.table, Kind.WEDDING, root.number) for root in roots):
            return False
        return all(
            comparable(pair) for table in self._graph.tables for edge in self.steps(table) for pair in edge.pairs
        )

    def steps(self, table: TableName) -> tuple[Edge, ...]:
        """The steps of a table's rows towards weddings; a root's walk is at its end."""
        return () if self._graph.root(table) else self._graph.steps(table, Kind.WEDDING, None)

    def levels(self, asked: Collection[TableName]) -> Levels:
        """The tables that have to be read for the asked ones: groups of tables that refer to each other, each on a
        level below all that it refers to."""
        key = frozenset(asked)
        if key not in self._levels:
            self._levels[key] = self._leveled(key)
        return self._levels[key]

    def _leveled(self, asked: Collection[TableName]) -> Levels:
        needed = self._needed(asked)
        graph = {table: [edge.target for edge in self.steps(table)] for table in needed}
        depth: dict[TableName, int] = {}
        levels: Levels = []
        for group in components(graph):
            above = [depth[to] for table in group for to in graph[table] if to not in group]
            level = max(above, default=-1) + 1
            depth |= dict.fromkeys(group, level)
            levels += [[]] * (level + 1 - len(levels))
            levels[level] = [*levels[level], group]
        return levels

    def _needed(self, asked: Collection[TableName]) -> set[TableName]:
        needed: set[TableName] = set()
        waiting = [table for table in asked if self.steps(table) or self._is_root(table)]
        while waiting:
            table = waiting.pop()
            if table not in needed:
                needed.add(table)
                waiting += [edge.target for edge in self.steps(table)]
        return needed

    def _is_root(self, table: TableName) -> bool:
        root = self._graph.root(table)
        return root is not None and root.kind is Kind.WEDDING

    def question(self, table: TableName) -> Question:
        if table not in self._questions:
            self._questions[table] = self._question(table)
        return self._questions[table]

    def _question(self, table: TableName) -> Question:
        fields: dict[str, int] = {}

        def place(expression: str) -> int:
            return fields.setdefault(expression, len(fields))

        steps = tuple(
            Step(edge, tuple(place(_field(pair)) for pair in edge.pairs), place(f"{held} IS TRUE") if held else None)
            for edge in self.steps(table)
            for held in [edge.holds("t")]
        )
        named = tuple((names, tuple(place(_column(name)) for name in names)) for names in self._named[table])
        return Question(tuple(fields), steps, named)

    @cached_property
    def _named(self) -> Mapping[TableName, Sequence[tuple[str, ...]]]:
        """The columns of each table that steps of others lead to; of a root, its key as well."""
        named: dict[TableName, dict[tuple[str, ...], None]] = {table: {} for table in self._graph.tables}
        for root in self._graph.owners.of_kind(Kind.WEDDING):
            named[root.table][root.key] = None
        for table in self._graph.tables:
            for edge in self.steps(table):
                named[edge.target][edge.target_columns] = None
        return {table: tuple(columns) for table, columns in named.items()}


Texts = list[list[str | None]]


def comparands(edge: Edge, values: Iterable[Values]) -> Texts:
    """The values, in the columns that a step leads to, that the columns which it leads from can have."""
    mine = [family(pair.mine, element=pair.array) or "" for pair in edge.pairs]
    return _possible(values, mine, [family(pair.theirs) or "" for pair in edge.pairs])


def refers(edge: Edge, texts: Texts) -> str:
    """The condition on the row `t` that a step leads from it to rows with one of some values."""
    families = [family(pair.mine, element=pair.array) or "" for pair in edge.pairs]
    columns = [_column(pair.mine.name) for pair in edge.pairs]
    if edge.array:
        column = columns[0] if edge.pairs[0].mine.base_type == f"{families[0]}[]" else f"{columns[0]}::{families[0]}[]"
        condition = f"{column} OPERATOR(pg_catalog.&&) {array([text for (text,) in texts], families[0])}"
    else:
        condition = _one_of(columns, families, texts)
    held = edge.holds("t")
    return f"{condition} AND {held}" if held else condition


def has_one_of(columns: Sequence[Column], values: Iterable[Values]) -> str | None:
    """The condition on the row `t` that its columns have one of some values; None where that is impossible."""
    families = [family(column) or "" for column in columns]
    texts = _possible(values, families, ["text"] * len(families))
    return _one_of([_column(column.name) for column in columns], families, texts) if texts else None


def _one_of(columns: Sequence[str], families: Sequence[str], texts: Texts) -> str:
    """The condition that columns have one of some values. Many are hidden from the planner: it would weigh each of them
    against what it knows of the column, which takes longer than looking them up."""
    if len(columns) > 1 or len(texts) <= FEW:
        return one_of(columns, families, texts)
    hidden = f"ARRAY(SELECT pg_catalog.unnest({array([text for (text,) in texts], families[0])}))"
    return f"{columns[0]} = ANY ({hidden})"


def _possible(values: Iterable[Values], families: Sequence[str], given: Sequence[str]) -> Texts:
    """The values of the given families that columns of these families can have, as texts."""
    texts = [texts_of(value) for value in sorted(set(values))]
    for i, kind in enumerate(families):
        if kind in PRINTED and given[i] != kind:
            texts = [text for text in texts if PRINTED[kind].fullmatch(text[i] or "")]
    return texts


def _field(pair: Pair) -> str:
    """A column as it is read: an array as JSON, which is easily taken apart."""
    column = _column(pair.mine.name)
    return f"pg_catalog.array_to_json({column})" if pair.array else column


def _column(name: str) -> str:
    return f"t.{quoted(name)}"
