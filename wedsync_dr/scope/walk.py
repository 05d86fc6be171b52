"""The walk as SQL: joins from a row to the roots that it reaches, and the lowest and highest scope among them.

A row reaches exactly one scope if lowest and highest are the same. No join gives a row twice or loses one.
"""

from collections.abc import Callable, Iterator
from itertools import count

from wedsync_dr.model import Kind, TableName, quoted
from wedsync_dr.scope.edges import Edge
from wedsync_dr.scope.ends import NOTHING, End, Reached, extremes, fold
from wedsync_dr.scope.graph import Below, Circle, WalkGraph
from wedsync_dr.scope.owners import Root

LOW, HIGH = '"lowest scope"', '"highest scope"'  # beside columns of a table, which may well be called low
Joins = list[str]
Moved = Callable[[Circle], str | None]
"""Names the query that says what moves along the steps inside a circle; None where nothing does."""
Calm = Callable[[Circle], bool]
"""Whether, for the scopes that are asked for, the steps inside a circle matter only to rows that reach nothing
directly."""


class Walk:
    """Builds the joins of one statement. Aliases are unique within it.

    Without `moved` the walk is for few rows: it looks rows up one by one, and goes round circles row by row.
    """

    def __init__(
        self,
        graph: WalkGraph,
        moved: Moved | None = None,
        *,
        calm: Calm | None = None,
        numbers: Iterator[int] | None = None,
    ) -> None:
        self._graph, self._moved, self._calm, self._few = graph, moved, calm, moved is None
        self._numbers = numbers or count(1)
        self.joins: Joins = []
        self.used: list[str] = []

    def reached(self, table: TableName, alias: str, kind: Kind) -> Reached | None:
        """What the row at `alias` reaches of a kind; None where it cannot reach any."""
        ends = list(self._ends(table, alias, kind, None, self.joins))
        return fold(ends) if ends else None

    def direct(self, table: TableName, alias: str, circle: Circle) -> tuple[str, str]:
        """Lowest and highest scope that a row of a circle reaches by steps that lead out of it, as text."""
        ends = list(self._outside(circle, table, alias, self.joins))
        return extremes(ends) if ends else (NOTHING, NOTHING)

    def root_scope(self, root: Root, alias: str, joins: Joins) -> str:
        """The scope of a row of a later root: the one earlier scope that it reaches, else its own."""
        own = root.scope_sql(alias)
        ends = list(self._ends(root.table, alias, root.kind, root.number, joins)) if root.number else []
        if not ends:
            return own
        reached = fold(ends)
        return f"(CASE WHEN {reached.one} THEN {reached.low} ELSE {own} END)"

    def _ends(self, table: TableName, alias: str, kind: Kind, below: Below, joins: Joins) -> Iterator[End]:
        circle = self._graph.circle(table, kind, below)
        outside = list(self._outside(circle, table, alias, joins))
        yield from outside
        if not circle.tables:
            return
        moved = f"m{next(self._numbers)}"
        if self._moved is None:
            calm = bool(outside) and self._calm is not None and self._calm(circle)
            needed = f"{extremes(outside)[0]} IS NULL" if calm else "true"
            joins.append(f"LEFT JOIN LATERAL ({self._round(circle, table, alias, needed)}) AS {moved} ON true")
        elif name := self._moved(circle):
            self.used.append(name)
            here = f"{moved}.part = {alias}.tableoid AND {moved}.place = {alias}.ctid"
            joins.append(f"LEFT JOIN {name} AS {moved} ON {here}")
        else:
            return
        yield End(f"{moved}.low", f"{moved}.high")

    def _outside(self, circle: Circle, table: TableName, alias: str, joins: Joins) -> Iterator[End]:
        for edge in self._graph.steps(table, circle.kind, circle.below):
            if edge.target not in circle.tables:
                yield from self._step(edge, alias, circle, joins)

    def _step(self, edge: Edge, alias: str, circle: Circle, joins: Joins) -> Iterator[End]:
        there = f"j{next(self._numbers)}"
        if edge.to_one:
            condition = edge.find_target(alias, there) if self._few else edge.condition(alias, there)
            joins.append(f"LEFT JOIN {self._from(edge.target)} AS {there} ON {condition}")
            yield from self._at(edge.target, there, circle.kind, circle.below, joins)
            return
        inner: Joins = []
        ends = list(self._at(edge.target, there, circle.kind, circle.below, inner))
        if not ends:
            return
        low, high = extremes(ends)
        found = f"min({low}) AS {LOW}, max({high}) AS {HIGH}"
        many = f"s{next(self._numbers)}"
        joins.append(self._many(edge, alias, there, many, found, " ".join(inner)))
        yield End(f"{many}.{LOW}", f"{many}.{HIGH}")

    def _many(self, edge: Edge, alias: str, there: str, many: str, found: str, inner: str) -> str:
        """The lowest and highest of several rows: row by row where few are asked for, else grouped once."""
        target = self._from(edge.target)
        if self._few:
            where = edge.find_target(alias, there)
            return (
                f"LEFT JOIN LATERAL (SELECT {found} FROM {target} AS {there} {inner} WHERE {where}) AS {many} ON true"
            )
        if not edge.array:
            keys = ", ".join(f"{there}.{quoted(name)}" for name in edge.target_columns)
            grouped = f"(SELECT {keys}, {found} FROM {target} AS {there} {inner} GROUP BY {keys})"
            return f"LEFT JOIN {grouped} AS {many} ON {edge.condition(alias, many)}"
        given = f"a{next(self._numbers)}"
        source = f"{self._from(edge.table)} AS {given} {edge.join_all(given, target, there)} {inner}"
        grouped = f"(SELECT {given}.tableoid AS part, {given}.ctid AS place, {found} FROM {source} GROUP BY 1, 2)"
        return f"LEFT JOIN {grouped} AS {many} ON {many}.part = {alias}.tableoid AND {many}.place = {alias}.ctid"

    def _at(self, table: TableName, alias: str, kind: Kind, below: Below, joins: Joins) -> Iterator[End]:
        """The ends of a walk that has come to a row of `table`."""
        root = self._graph.root(table)
        if root is None:
            yield from self._ends(table, alias, kind, below, joins)
        elif root.native:
            key = f"{alias}.{quoted(root.key[0])}"
            yield End(key, key, root.native)
        else:
            scope = self.root_scope(root, alias, joins)
            yield End(scope, scope)

    def _round(self, circle: Circle, table: TableName, alias: str, needed: str) -> str:
        """Lowest and highest scope of all rows of the circle that the row at `alias` leads to, if they are needed."""
        rows, to = f"r{next(self._numbers)}", f"n{next(self._numbers)}"
        inside = self._graph.inside(circle)
        first = " UNION ALL ".join(
            f"SELECT {circle.nth(edge.target)}, {to}.tableoid, {to}.ctid FROM {self._from(edge.target)} AS {to}"
            f" WHERE {needed} AND {edge.find_target(alias, to)}"
            for edge in inside
            if edge.table == table
        )
        further = " UNION ALL ".join(
            f"SELECT {circle.nth(edge.target)}, y.tableoid, y.ctid FROM {self._from(edge.table)} AS x"
            f" JOIN {self._from(edge.target)} AS y ON {edge.find_target('x', 'y')}"
            f" WHERE {same_row(rows, circle.nth(edge.table), 'x')}"
            for edge in inside
        )
        return (
            f"WITH RECURSIVE {rows} (nth, part, place) AS ((SELECT * FROM ({first}) AS first)"
            f" UNION SELECT further.* FROM {rows} CROSS JOIN LATERAL ({further}) AS further)"
            f" SELECT min(low) AS low, max(high) AS high FROM ({self._reached_by(rows, circle)}) AS found"
        )

    def _reached_by(self, rows: str, circle: Circle) -> str:
        selects = []
        for table in sorted(circle.tables):
            walk = Walk(self._graph, calm=self._calm, numbers=self._numbers)
            low, high = walk.direct(table, "x", circle)
            if walk.joins:
                row = f"JOIN {self._from(table)} AS x ON {same_row(rows, circle.nth(table), 'x')}"
                selects.append(f"SELECT {low} AS low, {high} AS high FROM {rows} {row} {' '.join(walk.joins)}")
        return " UNION ALL ".join(selects)

    def _from(self, table: TableName) -> str:
        return self._graph.tables[table].from_sql


def same_row(rows: str, nth: int, alias: str) -> str:
    return f"{rows}.nth = {nth} AND {alias}.ctid = {rows}.place AND {alias}.tableoid = {rows}.part"
