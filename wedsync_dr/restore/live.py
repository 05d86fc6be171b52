"""The rows that a scope has now, in the column order of its snapshot."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from wedsync_dr.errors import SchemaChanged
from wedsync_dr.model import Kind, ScopeId, TableName
from wedsync_dr.scope.ownership import ResolvedOwnership
from wedsync_dr.scope.survey import Survey
from wedsync_dr.snapshot.layout import Layouts, layouts
from wedsync_dr.snapshot.opening import OpenSnapshot
from wedsync_dr.snapshot.sealed_rows import TableHead
from wedsync_dr.source.catalog import Catalog
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
    def layouts(self) -> Layouts:
        """How the rows of each protected table are sealed now."""
        return layouts(self.catalog, self.ownership)


@dataclass(frozen=True)
class Reading:
    """The rows that a scope has in a database, table by table, laid out as the heads say."""

    heads: tuple[TableHead, ...]
    rows: Mapping[TableName, list[bytes]] = field(repr=False)

    def laid_out(self, target: Target) -> dict[TableName, list[bytes]]:
        """The rows as they are sealed now: foreign keys may have come or gone since the snapshot was."""
        return {head.table: _reordered(self.rows[head.table], head, target) for head in self.heads}


def heads_for(target: Target, snapshot: OpenSnapshot, scope: ScopeId) -> list[TableHead]:
    """The tables that a scope's rows stand in or may stand in, in restore order, as the snapshot lays them out.

    Raises SchemaChanged where a table or column of the snapshot is not the database's any more.
    """
    plan = target.layouts
    if lost := [name for name in snapshot.tables if name not in plan]:
        raise SchemaChanged(
            f"The database has no protected table {', '.join(map(str, lost[:5]))} any more.",
            remedy="Restore into a database with the schema of the snapshot, or choose other tables with --tables.",
        )
    heads = []
    for name in restore_order(target.catalog):
        if name in snapshot.tables:
            sealed = snapshot.tables[name].head
            _require_same_columns(sealed, plan[name].head)
            heads.append(sealed)
        elif name in plan and may_hold(target.ownership, name, scope):
            heads.append(plan[name].head)
    return heads


def _reordered(rows: list[bytes], head: TableHead, target: Target) -> list[bytes]:
    names = target.layouts[head.table].head.names
    if names == head.names:
        return rows
    positions = head.positions(names)
    fields = [row[:-1].split(b"\t") for row in rows]
    return [b"\t".join([row[i] for i in positions]) + b"\n" for row in fields]


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


def _require_same_columns(sealed: TableHead, live: TableHead) -> None:
    before: Mapping[str, str] = dict(sealed.columns)
    now: Mapping[str, str] = dict(live.columns)
    if before == now and set(sealed.key) == set(live.key):
        return
    moved = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    raise SchemaChanged(
        f"{sealed.table} is not what it was when the snapshot was taken (columns {', '.join(moved) or 'of its key'}).",
        remedy="Restore into a database with the schema of the snapshot, or read the rows with `wedsync-dr export`.",
    )
