"""One SELECT that gives a table's rows with their owner texts."""

from collections.abc import Collection, Sequence

from wedsync_dr.model import Kind, TableName, quoted
from wedsync_dr.scope.circles import Circles
from wedsync_dr.scope.ends import Reached
from wedsync_dr.scope.graph import WalkGraph
from wedsync_dr.scope.walk import Calm, Walk

OWNED = (Kind.WEDDING, Kind.VENDOR)


class Statement:
    """For all rows of a table; without `circles` for few of them, each looked up by itself.

    Where only weddings are asked for, vendors need not be looked for: `kinds` says whose rows matter.
    """

    def __init__(
        self,
        graph: WalkGraph,
        table: TableName,
        circles: Circles | None = None,
        *,
        calm: Calm | None = None,
        kinds: Collection[Kind] = OWNED,
    ) -> None:
        self._table, self._circles = graph.tables[table], circles
        self._walk = Walk(graph, circles.moved if circles else None, calm=calm)
        self._wedding: Reached | None = None
        self._vendor: Reached | None = None
        if root := graph.root(table):
            self._owner = f"'{graph.owners.letter(root.kind)}' || {self._walk.root_scope(root, 't', self._walk.joins)}"
            return
        self._wedding = self._walk.reached(table, "t", Kind.WEDDING)
        if Kind.VENDOR in kinds:
            self._vendor = self._walk.reached(table, "t", Kind.VENDOR)
        self._owner = self._expression()

    def sql(self, columns: Sequence[str], where: str | None = None) -> str:
        """Owner and columns, of all rows or of those where a condition on `t` holds."""
        names = ", ".join([f"{self._owner} AS owner", *(f"t.{quoted(name)}" for name in columns)])
        return f"{self._with()}SELECT {names}{self._from()}" + (f" WHERE {where}" if where else "")

    def by_owner(self, aggregate: str) -> str:
        """A row an owner: its text, and an aggregate of all its rows, an expression on `t`."""
        return f"{self._with()}SELECT {self._owner} AS owner, {aggregate}{self._from()} GROUP BY 1"

    def counts(self) -> str:
        """One row: rows of weddings, of vendors, of the platform, and those that reach several scopes of a kind."""
        inner = f"SELECT {self._owner} AS owner, {self._several()} AS several{self._from()}"
        return (
            f"{self._with()}SELECT count(*) FILTER (WHERE rows.owner LIKE 'w%'),"
            " count(*) FILTER (WHERE rows.owner LIKE 'v%'), count(*) FILTER (WHERE rows.owner = ''),"
            f" count(*) FILTER (WHERE rows.several) FROM ({inner}) AS rows"
        )

    def several(self, limit: int) -> str:
        """The primary keys, as text, of the first rows that reach several scopes of a kind."""
        key = [f"t.{quoted(name)}" for name in self._table.primary_key]
        texts = ", ".join(f"{column}::pg_catalog.text" for column in key)
        where = f"WHERE {self._several()} ORDER BY {', '.join(key)} LIMIT {limit}"
        return f"{self._with()}SELECT {texts}{self._from()} {where}"

    def _several(self) -> str:
        several = [f"({self._wedding.several})"] if self._wedding else []
        if self._vendor:
            several.append(f"({self._no_wedding()}({self._vendor.several}))")
        return " OR ".join(several) or "false"

    def _expression(self) -> str:
        cases = []
        if self._wedding:
            cases.append(f"WHEN {self._wedding.one} THEN 'w' || {self._wedding.low}")
        if self._vendor:
            cases.append(f"WHEN {self._no_wedding()}{self._vendor.one} THEN 'v' || {self._vendor.low}")
        return f"(CASE {' '.join(cases)} ELSE '' END)" if cases else "''"

    def _no_wedding(self) -> str:
        return f"({self._wedding.none}) AND " if self._wedding else ""

    def _from(self) -> str:
        return " ".join([f" FROM {self._table.from_sql} AS t", *self._walk.joins])

    def _with(self) -> str:
        return self._circles.with_clause(self._walk.used) if self._circles else ""
