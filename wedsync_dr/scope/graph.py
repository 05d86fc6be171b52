"""Which tables a walk passes through, and where it stops. Static: no row is looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from wedsync_dr.model import Kind, TableName
from wedsync_dr.scope.edges import Edge, edges_of
from wedsync_dr.scope.owners import Owners, Root
from wedsync_dr.scope.rules import Rules
from wedsync_dr.source.catalog import Catalog, Table
from wedsync_dr.source.order import components

Below = int | None
"""A walk that starts at the root table number n looks for earlier roots only: those below n."""


@dataclass(frozen=True)
class Circle:
    """Tables that a walk can come back to: a cycle of steps, or a table that refers to itself. Often there are none."""

    kind: Kind
    below: Below
    tables: frozenset[TableName]

    def nth(self, table: TableName) -> int:
        """A number for each table of the circle."""
        return sorted(self.tables).index(table)


class WalkGraph:
    """The steps that count for a kind of scope."""

    def __init__(self, catalog: Catalog, rules: Rules) -> None:
        self.tables: Mapping[TableName, Table] = catalog.tables
        self.owners = Owners(catalog, rules)
        self.rules = rules
        self._edges = edges_of(catalog, rules)
        self._identity = set(rules.not_through) - self.owners.roots.keys()
        self.steps = cache(self._steps)
        self.circle = cache(self._circle)
        self._reaching = cache(self._reaching_tables)
        self._components = cache(self._all_components)

    def root(self, table: TableName) -> Root | None:
        return self.owners.roots.get(table)

    def reaches(self, table: TableName, kind: Kind, below: Below = None) -> bool:
        """Whether rows of the table can reach a root of the kind at all."""
        return bool(self.steps(table, kind, below))

    def is_identity(self, table: TableName) -> bool:
        """Whether nothing is reached through rows of the table."""
        return table in self._identity

    def targets(self, table: TableName) -> set[TableName]:
        """The tables that steps from a table lead to."""
        kinds = {root.kind for root in self.owners.roots.values()}
        return {edge.target for kind in kinds for edge in self.steps(table, kind, None)}

    def _steps(self, table: TableName, kind: Kind, below: Below) -> tuple[Edge, ...]:
        """The steps from a table that can lead to a root of the kind."""
        return tuple(edge for edge in self._counted(table, kind) if self._leads(edge.target, kind, below))

    def _counted(self, table: TableName, kind: Kind) -> list[Edge]:
        """Steps that the rules let count: `wedding_through` and `vendor_through` name the only columns."""
        through = self.rules.through.get((table, kind))
        edges = self._edges[table]
        return edges if through is None else [e for e in edges if not e.reverse and set(e.columns) <= set(through)]

    def _leads(self, target: TableName, kind: Kind, below: Below) -> bool:
        return self._is_end(target, kind, below) or (self._is_between(target) and target in self._reaching(kind, below))

    def _is_end(self, target: TableName, kind: Kind, below: Below) -> bool:
        root = self.root(target)
        return root is not None and root.kind is kind and (below is None or root.number < below)

    def _is_between(self, target: TableName) -> bool:
        return self.root(target) is None and target not in self._identity

    def _reaching_tables(self, kind: Kind, below: Below) -> frozenset[TableName]:
        """Tables between, with a chain of steps to a root of the kind."""
        reaching: set[TableName] = set()
        while True:
            more = {
                table
                for table in self.tables
                if table not in reaching
                and self._is_between(table)
                and any(self._is_end(e.target, kind, below) or e.target in reaching for e in self._counted(table, kind))
            }
            if not more:
                return frozenset(reaching)
            reaching |= more

    def _circle(self, table: TableName, kind: Kind, below: Below) -> Circle:
        """The circle that a table is part of."""
        return Circle(kind, below, self._components(kind, below).get(table, frozenset()))

    def inside(self, circle: Circle) -> list[Edge]:
        """The steps that stay in a circle."""
        return [
            edge
            for table in sorted(circle.tables)
            for edge in self.steps(table, circle.kind, circle.below)
            if edge.target in circle.tables
        ]

    def _all_components(self, kind: Kind, below: Below) -> dict[TableName, frozenset[TableName]]:
        reaching = sorted(self._reaching(kind, below))
        graph = {t: [e.target for e in self.steps(t, kind, below) if e.target in reaching] for t in reaching}
        found: dict[TableName, frozenset[TableName]] = {}
        for group in components(graph):
            if len(group) > 1 or group[0] in graph[group[0]]:
                found.update(dict.fromkeys(group, frozenset(group)))
        return found

    def always(self, table: TableName, kind: Kind) -> bool:
        """Whether each row of the table surely reaches a root of the kind (by NOT NULL, validated foreign keys)."""
        return self._always(table, kind, frozenset())

    def _always(self, table: TableName, kind: Kind, seen: frozenset[TableName]) -> bool:
        root = self.root(table)
        if root is not None:
            return root.kind is kind
        if table in seen or table in self._identity:
            return False
        return any(e.sure and self._always(e.target, kind, seen | {table}) for e in self.steps(table, kind, None))
