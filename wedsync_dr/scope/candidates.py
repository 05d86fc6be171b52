"""Which rows can belong to some given scopes: found from the roots downwards, so that indexes on foreign keys serve.

Candidates are more than the owned rows at times, never fewer; the exact owner is tested on them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from wedsync_dr.model import Kind, ScopeId, TableName, quoted
from wedsync_dr.scope.edges import Edge
from wedsync_dr.scope.graph import Below, Circle, WalkGraph
from wedsync_dr.scope.owners import Root
from wedsync_dr.scope.walk import Walk, same_row
from wedsync_dr.source.literal import one_of
from wedsync_dr.source.session import Reader


@dataclass(frozen=True)
class _Path:
    """Steps from a table to a root, or to the first table of a circle, from where a query of its own goes on."""

    steps: tuple[Edge, ...]
    end: Root | Circle


@dataclass(frozen=True)
class _Members:
    """A recursive query for the rows of a circle that come to one of the scopes, and the queries that it stands on."""

    name: str
    query: str
    needs: tuple["_Members", ...]


class Candidates:
    """Conditions that a row of a table can belong to one of the scopes, as the reader's transaction sees them now."""

    def __init__(self, graph: WalkGraph, scopes: Sequence[ScopeId], reader: Reader) -> None:
        self._graph, self._reader = graph, reader
        self._kinds = sorted({scope.kind for scope in scopes})
        self._keys: dict[TableName, list[list[str]]] = {}
        self._numbers = count(1)
        self._members: dict[Circle, _Members | None] = {}
        self._calm: dict[Circle, bool] = {}
        for scope in scopes:
            root, parts = graph.owners.root_and_key(scope)
            self._keys.setdefault(root.table, []).append(parts)

    def condition(self, table: TableName, alias: str) -> str:
        """A condition on `alias`; `false` where no row can be owned."""
        paths = [path for kind in self._kinds for path in self._from(table, kind, None, ()) if self._leads(path)]
        if not paths:
            return "false"
        if len(paths) == 1 and isinstance(root := paths[0].end, Root):
            steps, columns = _to_key(paths[0].steps, root)
            if not steps:
                return self._is_root(root, alias, columns)
        return f"{alias}.ctid = ANY (ARRAY({self._with(paths)}{self._union('t.ctid', table, paths)}))"

    def calm(self, circle: Circle) -> bool:
        """Whether each row of a circle that directly reaches one of the scopes reaches that one alone, and so does each
        row that it is linked with inside. Then steps inside tell nothing new, but of rows that directly reach nothing.

        Never on the way from a later root: there a row that reaches several scopes is one of its own.
        """
        if circle.below is not None:
            return False
        if circle not in self._calm:
            first = self._first(circle) if circle.kind in self._kinds else []
            self._calm[circle] = not first or not self._reader.rows(self._unrest(circle, first))
        return self._calm[circle]

    def _from(self, table: TableName, kind: Kind, below: Below, before: tuple[Edge, ...]) -> Iterator[_Path]:
        """Every path from a row of `table` to roots of the kind; for a root, itself first."""
        root = self._graph.root(table)
        if root is None:
            yield from self._further(table, kind, below, before)
        elif root.kind is kind and (below is None or root.number < below):
            yield _Path(before, root)
            if root.number:
                yield from self._further(table, kind, root.number, before)

    def _further(self, table: TableName, kind: Kind, below: Below, before: tuple[Edge, ...]) -> Iterator[_Path]:
        circle = self._graph.circle(table, kind, below)
        if circle.tables and not self.calm(circle):
            yield _Path(before, circle)
        else:
            yield from self._outside(table, circle, before)

    def _outside(self, table: TableName, circle: Circle, before: tuple[Edge, ...]) -> Iterator[_Path]:
        for edge in self._graph.steps(table, circle.kind, circle.below):
            if edge.target not in circle.tables:
                yield from self._from(edge.target, circle.kind, circle.below, (*before, edge))

    def _leads(self, path: _Path) -> bool:
        """Whether a path can come to one of the scopes."""
        return path.end.table in self._keys if isinstance(path.end, Root) else self._of_circle(path.end) is not None

    def _union(self, what: str, table: TableName, paths: Sequence[_Path]) -> str:
        return " UNION ALL ".join(f"SELECT {what} {self._rows(table, path)}" for path in paths)

    def _rows(self, table: TableName, path: _Path) -> str:
        """FROM and WHERE for the rows at the start of a path, at the alias `t`; the joins go from the end to the
        start."""
        steps, columns = _to_key(path.steps, path.end) if isinstance(path.end, Root) else (path.steps, ())
        at, here = (steps[-1].target, f"c{next(self._numbers)}") if steps else (table, "t")
        source, where = self._end(path.end, at, here, columns)
        for left, edge in reversed(list(enumerate(steps))):
            child = f"c{next(self._numbers)}" if left else "t"
            source += f" JOIN {self._source(edge.table)} AS {child} ON {edge.find_source(child, here)}"
            here = child
        return f"FROM {source} WHERE {where}"

    def _end(self, end: Root | Circle, table: TableName, alias: str, columns: tuple[str, ...]) -> tuple[str, str]:
        if isinstance(end, Root):
            return f"{self._source(table)} AS {alias}", self._is_root(end, alias, columns)
        members = self._of_circle(end)
        assert members  # noqa: S101
        row = same_row("member", end.nth(table), alias)
        return f"{members.name} AS member JOIN {self._source(table)} AS {alias} ON {row}", "true"

    def _of_circle(self, circle: Circle) -> _Members | None:
        """The rows of a circle that come to one of the scopes, by whatever way; None where no way leads there."""
        if circle not in self._members:
            first = self._first(circle)
            self._members[circle] = self._members_from(circle, first) if first else None
        return self._members[circle]

    def _first(self, circle: Circle) -> list[tuple[TableName, _Path]]:
        """The paths by which rows of a circle directly come to one of the scopes."""
        return [
            (table, path)
            for table in sorted(circle.tables)
            for path in self._outside(table, circle, ())
            if self._leads(path)
        ]

    def _first_rows(self, circle: Circle, first: Sequence[tuple[TableName, _Path]]) -> str:
        rows = [self._union(f"{circle.nth(table)}, t.tableoid, t.ctid", table, [path]) for table, path in first]
        return " UNION ALL ".join(rows)

    def _members_from(self, circle: Circle, first: Sequence[tuple[TableName, _Path]]) -> _Members:
        name = f"members_{next(self._numbers)}"
        further = " UNION ALL ".join(
            f"SELECT {circle.nth(edge.table)}, x.tableoid, x.ctid FROM {self._source(edge.target)} AS y"
            f" JOIN {self._source(edge.table)} AS x ON {edge.find_source('x', 'y')}"
            f" WHERE {same_row('member', circle.nth(edge.target), 'y')}"
            for edge in self._graph.inside(circle)
        )
        return _Members(
            name,
            f"{name} (nth, part, place) AS ((SELECT * FROM ({self._first_rows(circle, first)}) AS first)"
            f" UNION SELECT further.* FROM {name} AS member CROSS JOIN LATERAL ({further}) AS further)",
            tuple(self._needed([path for _, path in first])),
        )

    def _needed(self, paths: Sequence[_Path]) -> list[_Members]:
        """The queries that paths end in, each after those that it stands on."""
        needed: dict[str, _Members] = {}
        for path in paths:
            if isinstance(path.end, Circle) and (members := self._of_circle(path.end)):
                needed |= {one.name: one for one in (*members.needs, members)}
        return list(needed.values())

    def _with(self, paths: Sequence[_Path], *more: str) -> str:
        queries = [*(members.query for members in self._needed(paths)), *more]
        return f"WITH RECURSIVE {', '.join(queries)} " if queries else ""

    def _unrest(self, circle: Circle, first: Sequence[tuple[TableName, _Path]]) -> str:
        """A query that gives a row unless the circle is calm."""
        direct = f"direct (nth, part, place) AS MATERIALIZED ({self._first_rows(circle, first)})"
        selects = [self._ambiguous(circle, table) for table in sorted(circle.tables)]
        selects += [self._unlike(circle, edge, known) for edge in self._graph.inside(circle) for known in ("x", "y")]
        begin = self._with([path for _, path in first], direct)
        return f"{begin}SELECT 1 FROM ({' UNION ALL '.join(selects)}) AS unrest LIMIT 1"

    def _ambiguous(self, circle: Circle, table: TableName) -> str:
        walk = Walk(self._graph, calm=self.calm)
        low, high = walk.direct(table, "x", circle)
        row = same_row("direct", circle.nth(table), "x")
        source = f"direct JOIN {self._source(table)} AS x ON {row} {' '.join(walk.joins)}"
        return f"SELECT 1 FROM {source} WHERE ({low} = {high}) IS NOT TRUE"

    def _unlike(self, circle: Circle, edge: Edge, known: str) -> str:
        """Two rows that a step inside links, of which the known one reaches a scope, and the other not the same."""
        walk = Walk(self._graph, calm=self.calm)
        ends = (*walk.direct(edge.table, "x", circle), *walk.direct(edge.target, "y", circle))
        mine, theirs = self._source(edge.table), self._source(edge.target)
        if known == "x":
            source = f"{mine} AS x ON {same_row('direct', circle.nth(edge.table), 'x')}"
            source += f" JOIN {theirs} AS y ON {edge.find_target('x', 'y')}"
        else:
            source = f"{theirs} AS y ON {same_row('direct', circle.nth(edge.target), 'y')}"
            source += f" JOIN {mine} AS x ON {edge.find_source('x', 'y')}"
        unlike = f"{ends[0]} IS DISTINCT FROM {ends[2]} OR {ends[1]} IS DISTINCT FROM {ends[3]}"
        return f"SELECT 1 FROM direct JOIN {source} {' '.join(walk.joins)} WHERE {unlike}"

    def _is_root(self, root: Root, alias: str, columns: tuple[str, ...]) -> str:
        types = [self._graph.tables[root.table].column[name].type for name in root.key]
        return one_of([f"{alias}.{quoted(name)}" for name in columns], types, self._keys[root.table])

    def _source(self, table: TableName) -> str:
        return self._graph.tables[table].from_sql


def _to_key(steps: tuple[Edge, ...], root: Root) -> tuple[tuple[Edge, ...], tuple[str, ...]]:
    """The steps to the row that holds the root's key, and its columns that do: often the root itself is not needed."""
    if not steps or not all(pair.exact for pair in steps[-1].pairs) or steps[-1].reverse or steps[-1].when:
        return steps, root.key
    mine = dict(zip(steps[-1].target_columns, steps[-1].columns, strict=True))
    if mine.keys() != set(root.key):
        return steps, root.key
    return steps[:-1], tuple(mine[name] for name in root.key)
