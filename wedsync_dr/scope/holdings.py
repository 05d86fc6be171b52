"""All rows that one wedding owns, read from its root row downwards, a handful of short questions at a time.

A row that refers to a row which was found reaches the wedding. It is the wedding's unless it also reaches another one:
by a row that was not found, which is asked for, or by a row that was found and does.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wedsync_dr.model import Kind, ScopeId, TableName, quoted
from wedsync_dr.scope.descent import Descent, Named, Question, Step, Texts, Values, comparands, has_one_of, refers
from wedsync_dr.scope.edges import Edge
from wedsync_dr.scope.graph import WalkGraph
from wedsync_dr.scope.walk import Walk
from wedsync_dr.source.copytext import NULL, field_of, text_of
from wedsync_dr.source.literal import literal
from wedsync_dr.source.session import Reader


@dataclass
class _Found:
    """The rows of a table that reach the wedding: what the question's fields say of each, and its asked columns."""

    question: Question
    fields: list[list[bytes]] = field(default_factory=list)
    rows: list[bytes] = field(default_factory=list, repr=False)
    places: set[Values] = field(default_factory=set)
    others: set[int] = field(default_factory=set)


class Holdings:
    """The rows of one wedding as a reader's transaction sees them."""

    def __init__(self, graph: WalkGraph, descent: Descent, reader: Reader, scope: ScopeId) -> None:
        self._graph, self._descent, self._reader, self._scope = graph, descent, reader, scope
        self._found: dict[TableName, _Found] = {}
        self._values: dict[Named, set[Values]] = {}
        self._texts: dict[tuple[TableName, tuple[str, ...], tuple[str, ...]], Texts] = {}
        self._columns: Mapping[TableName, Sequence[str]] = {}

    def rows(self, columns: Mapping[TableName, Sequence[str]]) -> dict[TableName, list[bytes]]:
        """The asked columns of every row that the wedding owns, by table, as COPY text."""
        self._columns = columns
        levels = self._descent.levels(columns)
        for groups in levels:
            self._read(groups)
        self._settle(group for groups in levels for group in groups)
        return {table: self._owned(table) for table in columns}

    def _owned(self, table: TableName) -> list[bytes]:
        found = self._found.get(table)
        if found is None:
            return []
        return [row for i, row in enumerate(found.rows) if i not in found.others]

    # ---- reading

    def _read(self, groups: list[list[TableName]]) -> None:
        """A level: what refers to rows found above, then, within groups, what refers to rows found meanwhile."""
        first = {table: self._condition(table, group) for group in groups for table in group}
        fresh = self._ask({table: condition for table, condition in first.items() if condition})
        inside = [(table, edge) for group in groups for table in group for edge in self._inside(table, group)]
        while fresh:
            more: dict[TableName, list[str]] = {}
            for table, edge in inside:
                values = fresh.get((edge.target, edge.target_columns))
                if values and (texts := comparands(edge, values)):
                    more.setdefault(table, []).append(refers(edge, texts))
            fresh = self._ask({table: _further(conditions, first[table]) for table, conditions in more.items()})

    def _inside(self, table: TableName, group: list[TableName]) -> list[Edge]:
        return [edge for edge in self._descent.steps(table) if edge.target in group]

    def _condition(self, table: TableName, group: list[TableName]) -> str | None:
        """That a row reaches what was found above; for a root that it is the wedding's."""
        root = self._graph.root(table)
        if root is not None:
            own, parts = self._graph.owners.root_and_key(self._scope)
            key = [self._graph.tables[table].column[name] for name in root.key]
            return has_one_of(key, [tuple(map(field_of, parts))]) if own.table == table else None
        steps = [edge for edge in self._descent.steps(table) if edge.target not in group]
        ways = [(edge, self._comparands(edge)) for edge in steps]
        return _any_of([refers(edge, texts) for edge, texts in ways if texts])

    def _comparands(self, edge: Edge) -> Texts:
        """Worked out once for all steps that lead to the same columns from columns of the same types."""
        key = (edge.target, edge.target_columns, tuple([pair.mine.base_type for pair in edge.pairs]))
        if key not in self._texts:
            self._texts[key] = comparands(edge, self._values.get((edge.target, edge.target_columns), ()))
        return self._texts[key]

    def _ask(self, conditions: Mapping[TableName, str]) -> dict[Named, set[Values]]:
        """Read tables in one go; the values that other tables may refer to of the rows that are new."""
        statements = [self._statement(table, condition) for table, condition in conditions.items()]
        fresh: dict[Named, set[Values]] = {}
        for table, lines in zip(conditions, self._reader.copies(statements), strict=True):
            self._absorb(table, lines, fresh)
        return fresh

    def _statement(self, table: TableName, condition: str) -> str:
        fields = self._descent.question(table).fields
        asked = [f"t.{quoted(name)}" for name in self._columns.get(table, ())] or ["''"]
        names = ", ".join(["t.tableoid", "t.ctid", *fields, *asked])
        return f"SELECT {names} FROM {self._graph.tables[table].from_sql} AS t WHERE {condition}"

    def _absorb(self, table: TableName, lines: Iterable[bytes], fresh: dict[Named, set[Values]]) -> None:
        question = self._descent.question(table)
        found = self._found.setdefault(table, _Found(question))
        width, first = len(question.fields) + 2, len(found.fields)
        for line in lines:
            part, place, *fields, row = line.split(b"\t", width)
            if (part, place) not in found.places:
                found.places.add((part, place))
                found.fields.append(fields)
                found.rows.append(row)
        for columns, positions in question.named:
            values = _values(found.fields[first:], positions)
            if values:
                fresh[table, columns] = values
            self._values.setdefault((table, columns), set()).update(values)

    # ---- deciding

    def _settle(self, groups: Iterable[list[TableName]]) -> None:
        """Mark the rows that reach another wedding as well."""
        elsewhere = self._reaching_others()
        if not elsewhere:
            return
        for group in groups:
            while sum(self._mark(table, elsewhere) for table in group if table in self._found):
                pass

    def _mark(self, table: TableName, elsewhere: dict[Named, set[Values]]) -> int:
        """Mark rows that lead to values which reach another wedding; then their own values do. Returns how many."""
        found = self._found[table]
        marked: set[int] = set()
        for step in found.question.steps:
            away = elsewhere.get(step.to, set())
            if not away.isdisjoint(_led_to(step, found.fields)):
                rows = enumerate(found.fields)
                marked |= {i for i, fields in rows if not away.isdisjoint(_led_to(step, [fields]))}
        marked -= found.others
        found.others.update(marked)
        for columns, positions in found.question.named:
            values = _values([found.fields[i] for i in marked], positions)
            elsewhere.setdefault((table, columns), set()).update(values)
        return len(marked)

    def _reaching_others(self) -> dict[Named, set[Values]]:
        """Of the values that name rows which were not found, those by which another wedding is reached."""
        asked = [(named, statement) for named, values in self._unknown() if (statement := self._others(named, values))]
        answers = self._reader.copies([statement for _, statement in asked])
        return {
            named: {tuple(line[:-1].split(b"\t")) for line in lines}
            for (named, _), lines in zip(asked, answers, strict=True)
            if lines
        }

    def _unknown(self) -> Iterator[tuple[Named, set[Values]]]:
        unknown: dict[Named, set[Values]] = {}
        for found in self._found.values():
            for step in found.question.steps:
                values = _led_to(step, found.fields)
                if step.edge.to_one:
                    values -= self._values.get(step.to, set())
                unknown.setdefault(step.to, set()).update(values)
        yield from unknown.items()

    def _others(self, named: Named, values: set[Values]) -> str | None:
        """The values that name a row which reaches a wedding other than this one, or several."""
        table, names = named
        known = self._graph.tables[table]
        condition = has_one_of([known.column[name] for name in names], values)
        if condition is None:
            return None
        walk = Walk(self._graph)
        own = literal(self._graph.owners.text(self._scope)[1:])
        if root := self._graph.root(table):
            other = f"{walk.root_scope(root, 't', walk.joins)} <> {own}"
        elif reached := walk.reached(table, "t", Kind.WEDDING):
            other = f"NOT ({reached.none}) AND ({reached.one} AND {reached.low} = {own}) IS NOT TRUE"
        else:
            return None
        columns = ", ".join(f"t.{quoted(name)}" for name in names)
        source = " ".join([f"{known.from_sql} AS t", *walk.joins])
        return f"SELECT DISTINCT {columns} FROM {source} WHERE {condition} AND {other}"


def _values(rows: Sequence[list[bytes]], positions: tuple[int, ...]) -> set[Values]:
    """The values that rows have in some fields; none with a NULL in it."""
    if len(positions) == 1:
        at = positions[0]
        return {(row[at],) for row in rows if row[at] != NULL}
    values = {tuple([row[i] for i in positions]) for row in rows}
    return {value for value in values if NULL not in value}


def _led_to(step: Step, rows: Sequence[list[bytes]]) -> set[Values]:
    """The values that a step leads to from some rows."""
    if step.held is not None:
        rows = [row for row in rows if row[step.held] == b"t"]
    values = _values(rows, step.positions)
    if not step.edge.array:
        return values
    return {(element,) for (array,) in values for element in _elements(json.loads(text_of(array) or "[]"))}


def _elements(array: Any) -> Iterator[bytes]:
    """The elements of an array of any number of dimensions."""
    for element in array:
        if isinstance(element, list):
            yield from _elements(element)
        elif element is not None:
            yield field_of(str(element))


def _any_of(conditions: Sequence[str]) -> str | None:
    return " OR ".join(f"({condition})" for condition in conditions) or None


def _further(conditions: Sequence[str], before: str | None) -> str:
    """Rows that were not read by the condition before."""
    new = f"({_any_of(conditions)})"
    return f"{new} AND ({before}) IS NOT TRUE" if before else new
