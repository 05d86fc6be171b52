"""Whose row is it: one SQL expression per table, from the catalogue and the rules.

A root row is its own scope's (a later root's row that reaches one earlier root of its kind is that one's). Another row
is a wedding's if it reaches exactly one, a vendor's if it reaches no wedding and exactly one vendor, else its table's
platform scope's.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from wedsync_dr.model import Kind, RowClass, ScopeId, TableName, quoted
from wedsync_dr.scope.candidates import Candidates
from wedsync_dr.scope.checking import expired
from wedsync_dr.scope.circles import Circles
from wedsync_dr.scope.descent import Descent
from wedsync_dr.scope.graph import WalkGraph
from wedsync_dr.scope.grounds import Ground, grounds
from wedsync_dr.scope.holdings import Holdings
from wedsync_dr.scope.rules import Rules
from wedsync_dr.scope.statement import Statement
from wedsync_dr.source.catalog import Catalog, ForeignKey
from wedsync_dr.source.copytext import texts_of
from wedsync_dr.source.literal import array, literal, one_of
from wedsync_dr.source.session import Reader

FEW = 100  # scopes or values up to which each row is looked up by itself; more are cheaper in one pass over the table


class Ownership:
    """The static part: which tables can reach what, and how."""

    def __init__(self, catalog: Catalog, rules: Rules) -> None:
        self.catalog, self.rules = catalog, rules
        self.graph = WalkGraph(catalog, rules)
        self.descent = Descent(self.graph)

    def kinds(self, table: TableName) -> set[Kind]:
        """The kinds of owner that a row of the table can have."""
        root = self.graph.root(table)
        if root:
            return {root.kind}
        return {kind for kind in (Kind.WEDDING, Kind.VENDOR) if self.graph.reaches(table, kind)} | {Kind.PLATFORM}

    def paths(self, table: TableName) -> list[str]:
        """The first steps that lead a row to its owner, to show to a person."""
        root = self.graph.root(table)
        if root and not (root.number and self.graph.reaches(table, root.kind, root.number)):
            return ["root"]
        below = root.number if root else None
        kinds = [root.kind] if root else [Kind.WEDDING, Kind.VENDOR]
        return [f"{kind.value}: {edge}" for kind in kinds for edge in self.graph.steps(table, kind, below)]

    def step_columns(self, table: TableName, kind: Kind) -> list[tuple[str, ...]]:
        """The columns by which a row of the table begins its walk to a root of the kind."""
        return list(dict.fromkeys(edge.columns for edge in self.graph.steps(table, kind, None) if not edge.array))

    def row_class(self, table: TableName) -> RowClass:
        """Which of its owner's keys seals a row of the table."""
        return self.rules.row_class(table)

    def grounds(self, table: TableName) -> tuple[Ground, ...] | None:
        """What decides whose a row of the table is, besides the row; None where that is not known from it."""
        return grounds(self.graph, table)

    def stays_inside(self, table: TableName, key: ForeignKey) -> bool:
        """Whether a wedding's row surely refers by this key to a row of the same wedding."""
        steps = self.graph.steps(table, Kind.WEDDING, None)
        counted = any(edge.columns == key.columns and edge.target == key.target for edge in steps)
        return counted and self.graph.always(key.target, Kind.WEDDING)

    def left_out(self, today: date) -> frozenset[TableName]:
        """Tables that are not protected today."""
        again = expired(self.rules, today)
        return frozenset(entry.table for entry in self.rules.left_out if entry.table not in again)

    def read(self, today: date) -> frozenset[TableName]:
        """Tables whose rows are read today: those that are protected, and those by which their rows find an owner."""
        left_out = self.left_out(today)
        read, waiting = set[TableName](), [table for table in self.catalog.tables if table not in left_out]
        while waiting:
            table = waiting.pop()
            if table not in read:
                read.add(table)
                waiting += self.graph.targets(table)
        return frozenset(read)

    def leading(self, tables: Collection[TableName]) -> frozenset[TableName]:
        """These tables, and those whose rows can get another owner by what happens to rows of these."""
        found = set(tables)
        targets = {table: self.graph.targets(table) for table in self.catalog.tables if not self._owns_itself(table)}
        while more := {table for table, reached in targets.items() if table not in found and reached & found}:
            found |= more
        return frozenset(found)

    def _owns_itself(self, table: TableName) -> bool:
        root = self.graph.root(table)
        return root is not None and root.number == 0

    def resolve(self, reader: Reader) -> "ResolvedOwnership":
        """Ownership as the reader's transaction sees it; whether rows of circles disagree is asked when it matters."""
        return ResolvedOwnership(self, reader)


class ResolvedOwnership:
    """Ownership within one transaction: statements that read rows with their owners.

    Each gives the owner text first (see `scope.owners`), then the asked columns. `owner` turns the text into a ScopeId.
    What is found out about rows of circles serves every statement of a reader that sees one instant; in a transaction
    that writes, as a restore's, it is found out again for each reading of a table.
    """

    def __init__(self, ownership: Ownership, reader: Reader) -> None:
        self.static = ownership
        self._graph, self._reader, self._kept = ownership.graph, reader, Circles(ownership.graph, reader)
        self._last: tuple[tuple[ScopeId, ...], Candidates] | None = None
        self._read: set[TableName] = set()
        self.catalog = ownership.catalog
        self.left_out = ownership.left_out(reader.instant.taken_at.date())
        self.kinds, self.paths, self.row_class = ownership.kinds, ownership.paths, ownership.row_class
        self.stays_inside, self.step_columns = ownership.stays_inside, ownership.step_columns
        self.rules = ownership.rules
        self.owner = ownership.graph.owners.scope
        self.owner_text = ownership.graph.owners.text
        self.roots = ownership.graph.owners.of_kind
        self.possible = ownership.graph.owners.possible

    def rows_of(self, scope: ScopeId, columns: Mapping[TableName, Sequence[str]]) -> dict[TableName, list[bytes]]:
        """Columns of every row that a scope owns, by table, as COPY text; all of them are in memory."""
        if scope.kind is Kind.WEDDING and self.static.descent.possible:
            return Holdings(self._graph, self.static.descent, self._reader, scope).rows(columns)
        return {table: self._rows_of(scope, table, names) for table, names in columns.items()}

    def _rows_of(self, scope: ScopeId, table: TableName, columns: Sequence[str]) -> list[bytes]:
        if scope.kind is Kind.PLATFORM:
            if scope.table != table:
                return []
            sql = self.select_platform(table, columns)
        elif scope.kind in self.kinds(table):
            sql = self.select(table, columns, [scope])
        else:
            return []
        return [_row(bytes(line)) for line in self._reader.copy(sql)]

    def select_all(
        self, table: TableName, columns: Sequence[str], *, blocks: tuple[int, int | None] | None = None
    ) -> str:
        """Every row of the table, once; or those that stand in a range of its blocks, from one to before another."""
        where = None
        if blocks:
            where = f"t.ctid >= '({blocks[0]},0)'" + (f" AND t.ctid < '({blocks[1]},0)'" if blocks[1] else "")
        return Statement(self._graph, table, self._circles).sql(columns, where=where)

    def select(self, table: TableName, columns: Sequence[str], scopes: Sequence[ScopeId]) -> str:
        """The rows of some weddings and vendors; as fast for a large database as for a small one, given indexes."""
        owners = f"rows.owner = ANY ({array([self.owner_text(scope) for scope in scopes])})"
        if len(scopes) > FEW:
            return _filtered(self.select_all(table, columns), columns, owners)
        candidates = self._candidates(table, tuple(scopes))
        statement = Statement(self._graph, table, calm=candidates.calm, kinds={scope.kind for scope in scopes})
        return _filtered(statement.sql(columns, where=candidates.condition(table, "t")), columns, owners)

    def select_of_weddings(self, table: TableName, columns: Sequence[str]) -> str:
        """Columns of the rows that belong to weddings; of equal rows of one wedding one."""
        statement = Statement(self._graph, table, self._circles, kinds={Kind.WEDDING})
        rows = _filtered(statement.sql(columns), columns, "rows.owner <> ''")
        return f"SELECT DISTINCT * FROM ({rows}) AS found"

    def select_platform(self, table: TableName, columns: Sequence[str]) -> str:
        """The rows of a table that belong to no wedding and no vendor."""
        return _filtered(self.select_all(table, columns), columns, "rows.owner = ''")

    def select_present(
        self, table: TableName, match: Sequence[str], values: Sequence[Sequence[bytes]], columns: Sequence[str]
    ) -> str:
        """Columns of the rows that have one of the values (COPY text) in the columns `match`; no owner text."""
        names = ", ".join(f"t.{quoted(name)}" for name in columns)
        return (
            f"SELECT {names} FROM {self.catalog.tables[table].from_sql} AS t WHERE {self._one_of(table, match, values)}"
        )

    def _one_of(self, table: TableName, match: Sequence[str], values: Sequence[Sequence[bytes]]) -> str:
        types = [self.catalog.tables[table].column[name].type for name in match]
        return one_of([f"t.{quoted(name)}" for name in match], types, [texts_of(value) for value in values])

    def select_matching(
        self, table: TableName, match: Sequence[str], values: Sequence[Sequence[bytes]], columns: Sequence[str]
    ) -> str:
        """Rows, whoever owns them, that have one of the values (COPY text) in the columns `match`."""
        circles = self._circles if len(values) > FEW else None
        wanted = self._one_of(table, match, values)
        places = f"SELECT t.ctid FROM {self.catalog.tables[table].from_sql} AS t WHERE {wanted}"
        where = f"t.ctid = ANY (ARRAY({places})) AND {wanted}"
        return Statement(self._graph, table, circles).sql(columns, where=where)

    def select_roots(self, table: TableName, columns: Sequence[str], scopes: Sequence[ScopeId] | None = None) -> str:
        """The rows of a root table that are scopes of their own, or those of them that are among `scopes`."""
        root = self._graph.owners.roots[table]
        own = literal(self._graph.owners.letter(root.kind) + root.prefix)
        where = f"pg_catalog.starts_with(rows.owner, {own})"
        if scopes is None:
            return _filtered(self.select_all(table, columns), columns, where)
        return (
            f"SELECT * FROM ({self.select(table, columns, scopes)}) AS roots WHERE {where.replace('rows.', 'roots.')}"
        )

    def select_counts(self, table: TableName) -> str:
        """One row: how many rows belong to weddings, to vendors, to the platform, and how many reach several."""
        return Statement(self._graph, table, self._circles).counts()

    def select_by_owner(self, table: TableName, aggregate: str) -> str:
        """One row an owner of the table's rows: the owner, and an aggregate of all its rows, an expression on `t`."""
        return Statement(self._graph, table, self._circles).by_owner(aggregate)

    def select_several(self, table: TableName, limit: int) -> str:
        """The primary keys, as text, of some rows that reach several scopes of a kind."""
        return Statement(self._graph, table, self._circles).several(limit)

    @property
    def _circles(self) -> Circles:
        return self._kept if self._reader.one_instant else Circles(self._graph, self._reader)

    def _candidates(self, table: TableName, scopes: tuple[ScopeId, ...]) -> Candidates:
        """One for all tables of the same scopes: what it found out about circles serves every table, once each."""
        if self._last is None or self._last[0] != scopes or (table in self._read and not self._reader.one_instant):
            self._last = scopes, Candidates(self._graph, scopes, self._reader)
            self._read.clear()
        self._read.add(table)
        return self._last[1]


def _row(line: bytes) -> bytes:
    """What stands behind the owner; a row without columns is its newline."""
    return line.partition(b"\t")[2] or b"\n"


def _filtered(whole: str, columns: Sequence[str], where: str) -> str:
    """The rows of a statement whose owner fits. Columns get names of ours: a table may have one called owner, too."""
    names = ", ".join(["owner", *(f"c{i}" for i in range(len(columns)))])
    return f"SELECT * FROM ({whole}) AS rows ({names}) WHERE {where}"
