"""Tables whose rows point to each other or to themselves: what a row reaches through any number of such steps.

The rows of a circle normally agree with each other; then the steps inside tell nothing new and are left out. Where some
disagree, a recursive query says what moves along them: for each row the lowest and highest scope that came from others.
"""

from dataclasses import dataclass
from itertools import count

from wedsync_dr.model import TableName
from wedsync_dr.scope.graph import Circle, WalkGraph
from wedsync_dr.scope.walk import Walk
from wedsync_dr.source.session import Reader


@dataclass(frozen=True)
class _Query:
    """A query that ends in `name`, and the queries that it stands on."""

    name: str
    parts: tuple[str, ...]
    needs: tuple[str, ...]


class Circles:
    """Asks, when a statement first needs to know it, whether a circle's rows disagree in the reader's transaction."""

    def __init__(self, graph: WalkGraph, reader: Reader) -> None:
        self._graph, self._reader = graph, reader
        self._known: dict[Circle, _Query | None] = {}
        self._queries: dict[str, _Query] = {}
        self._numbers = count(1)

    def moved(self, circle: Circle) -> str | None:
        """The name of the query that says what moves inside a circle; None where its rows agree."""
        if circle not in self._known:
            self._known[circle] = self._ask(circle)
        query = self._known[circle]
        return query.name if query else None

    def with_clause(self, used: list[str]) -> str:
        """What a statement that uses these queries begins with."""
        needed: dict[str, _Query] = {}
        waiting = list(used)
        while waiting:
            query = self._queries[waiting.pop()]
            needed[query.name] = query
            waiting += query.needs
        parts = [part for name in self._queries if name in needed for part in needed[name].parts]
        return f"WITH RECURSIVE {', '.join(parts)} " if parts else ""

    def _ask(self, circle: Circle) -> _Query | None:
        start, needs = self._start(circle)
        if not self._reader.rows(f"{self.with_clause(needs)}SELECT 1 FROM ({start}) AS start HAVING count(*) > 0"):
            return None
        name = f"moved_{next(self._numbers)}"
        query = _Query(name, self._parts(circle, name, start), tuple(needs))
        self._queries[name] = query
        return query

    def _parts(self, circle: Circle, name: str, start: str) -> tuple[str, ...]:
        """part and place are the tableoid and ctid of a row."""
        steps = " UNION ALL ".join(
            f"SELECT a.tableoid AS part, a.ctid AS place, b.tableoid AS to_part, b.ctid AS to_place"
            f" FROM {self._from(edge.table)} AS a {edge.join_all('a', self._from(edge.target), 'b')}"
            for edge in self._graph.inside(circle)
        )
        return (
            f"{name}_steps AS MATERIALIZED ({steps})",
            f"{name}_moving (part, place, scope) AS ((SELECT * FROM ({start}) AS start) UNION"
            f" SELECT s.part, s.place, m.scope FROM {name}_moving AS m"
            f" JOIN {name}_steps AS s ON s.to_part = m.part AND s.to_place = m.place)",
            f"{name} AS MATERIALIZED (SELECT part, place, min(scope) AS low, max(scope) AS high"
            f" FROM {name}_moving GROUP BY part, place)",
        )

    def _start(self, circle: Circle) -> tuple[str, list[str]]:
        """Scopes that a row gets from the row that a step inside leads to, where the two do not reach the same."""
        selects, needs = [], []
        for edge in self._graph.inside(circle):
            walk = Walk(self._graph, self.moved)
            low, high = walk.direct(edge.table, "a", circle)
            low_there, high_there = walk.direct(edge.target, "b", circle)
            needs += walk.used
            pair = edge.join_all("a", self._from(edge.target), "b")
            selects.append(
                f"SELECT a.tableoid AS part, a.ctid AS place, got.scope FROM {self._from(edge.table)} AS a {pair}"
                f" {' '.join(walk.joins)} CROSS JOIN LATERAL (VALUES ({low_there}), ({high_there})) AS got (scope)"
                f" WHERE got.scope IS NOT NULL"
                f" AND ({low} IS DISTINCT FROM {low_there} OR {high} IS DISTINCT FROM {high_there})"
            )
        return " UNION ALL ".join(selects), needs

    def _from(self, table: TableName) -> str:
        return self._graph.tables[table].from_sql
