"""The rows that a scope has now, in the column order of its snapshot."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from wedsync_dr.model import Kind, ScopeId, TableName
from wedsync_dr.scope.ownership import ResolvedOwnership
from wedsync_dr.scope.survey import Survey
from wedsync_dr.snapshot.layout import Layouts, layouts
from wedsync_dr.snapshot.sealed_rows import TableHead
from wedsync_dr.source.catalog import Catalog
from wedsync_dr.source.guards import enums
from wedsync_dr.source.order import restore_order
from wedsync_dr.source.session import Reader


@dataclass(frozen=True)
class Target:
    """The database that a restore looks at and writes to: its catalogue, whose rows are whose, and a session to read
    with."""

    catalog: Catalog
    ownership: ResolvedOwnership
    reader: Reader

    @classmethod
    def of(cls, seen: Survey) -> "Target":
        return cls(seen.catalog, seen.ownership, seen.reader)

    def copy(self, sql: str) -> Iterable[memoryview | bytes]:
        """The rows of a query as COPY text."""
        return self.reader.copy(sql)

    def values_present(
        self, table: TableName, columns: tuple[str, ...], values: set[tuple[bytes, ...]]
    ) -> set[tuple[bytes, ...]]:
        """Those of the values (COPY text) that rows of the table, whoever owns them, have in the columns."""
        return set(present(self, table, columns, values, columns))

    @cached_property
    def enum_labels(self) -> Mapping[str, frozenset[str]]:
        """The labels of every enum, by the type as a column spells it."""
        return enums(self.reader)

    @cached_property
    def layouts(self) -> Layouts:
        """How the rows of each protected table are sealed now."""
        return layouts(self.catalog, self.ownership)


@dataclass(frozen=True)
class Reading:
    """The rows that a scope has in a database, table by table, laid out as they are sealed now."""

    heads: tuple[TableHead, ...]
    rows: Mapping[TableName, list[bytes]] = field(repr=False)


def heads_for(target: Target, names: Collection[TableName], scope: ScopeId) -> list[TableHead]:
    """The tables that a scope's rows stand in, by name, or may stand in, in restore order, as they are sealed now."""
    plan = target.layouts
    return [
        plan[name].head
        for name in restore_order(target.catalog)
        if name in plan and (name in names or may_hold(target.ownership, name, scope))
    ]


def may_hold(ownership: ResolvedOwnership, table: TableName, scope: ScopeId) -> bool:
    """Whether a row of this table can belong to the scope."""
    return scope.table == table if scope.kind is Kind.PLATFORM else scope.kind in ownership.kinds(table)


def read_live(target: Target, scope: ScopeId, heads: Iterable[TableHead]) -> dict[TableName, list[bytes]]:
    """The scope's rows now, table by table."""
    return target.ownership.rows_of(scope, {head.table: head.names for head in heads})


def present(
    target: Target,
    table: TableName,
    match: tuple[str, ...],
    values: Iterable[tuple[bytes, ...]],
    columns: tuple[str, ...],
) -> list[tuple[bytes, ...]]:
    """Columns of the rows, whoever owns them, that have one of the values (COPY text) in the columns `match`."""
    wanted = sorted(set(values))
    if not wanted:
        return []
    sql = target.ownership.select_present(table, match, wanted, columns)
    return [tuple(bytes(line)[:-1].split(b"\t")) for line in target.copy(sql)]


def find(
    target: Target,
    table: TableName,
    match: tuple[str, ...],
    values: Iterable[tuple[bytes, ...]],
    columns: tuple[str, ...],
) -> list[tuple[ScopeId, tuple[bytes, ...]]]:
    """Rows, whoever owns them, that have one of the values (COPY text) in the columns `match`: owner and `columns`.

    Owners are worked out for rows that are there only, and most that are asked for are not.
    """
    wanted = sorted(set(present(target, table, match, values, match)))
    if not wanted:
        return []
    found = []
    for line in target.copy(target.ownership.select_matching(table, match, wanted, columns)):
        owner, *fields = bytes(line)[:-1].split(b"\t")
        found.append((target.ownership.owner(table, owner), tuple(fields)))
    return found
