"""Rows that belong to the root row which points to them: a couple whom one wedding names, and no second one does."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from wedsync_dr.model import Kind, TableName, quoted
from wedsync_dr.scope.affinity import things
from wedsync_dr.scope.graph import WalkGraph
from wedsync_dr.scope.names import ColumnName
from wedsync_dr.scope.owners import Root
from wedsync_dr.scope.rules import OwnedBy
from wedsync_dr.source.catalog import Table
from wedsync_dr.source.session import Reader

_COUPLE = {"client", "couple", "customer", "contact", "bride", "groom", "partner", "host"}
_FEWEST = 5
_MOSTLY_ONE, _ALL_BUT_NONE = 0.8, 0.99


@dataclass(frozen=True)
class ReverseLink:
    """A root's column, how many values it has, how many of them are distinct, and whether the names agree."""

    rule: OwnedBy
    kind: Kind
    values: int
    distinct: int
    named: bool

    @property
    def proven(self) -> bool:
        """Whether each row pointed to is nearly always one wedding's alone, and a couple's by its name."""
        return self.named and self.values >= _FEWEST and self.distinct >= _MOSTLY_ONE * self.values

    @property
    def possible(self) -> bool:
        return self.values >= _FEWEST and self.distinct >= _ALL_BUT_NONE * self.values


def reverse_links(
    reader: Reader, graph: WalkGraph, proven: Iterable[tuple[ColumnName, TableName]]
) -> list[ReverseLink]:
    """Columns of root tables, with a foreign key or proven, that point to rows which reach no root of the kind by
    themselves; with what the data says."""
    ruled = {rule.table for rule in graph.rules.owned_by}
    found = []
    for column, target in dict.fromkeys([*_keys(graph), *proven]):
        root = graph.root(column.table)
        if root and target not in ruled and _could_be(graph, root, target):
            values, distinct = _counts(reader, graph.tables[root.table], column.column)
            found.append(ReverseLink(OwnedBy(target, column), root.kind, values, distinct, _named(root, target)))
    return [one for one in found if one.proven or one.possible]


def _keys(graph: WalkGraph) -> Iterator[tuple[ColumnName, TableName]]:
    for root in graph.owners.roots.values():
        for key in graph.tables[root.table].foreign_keys:
            if len(key.columns) == 1:
                yield ColumnName(root.table, key.columns[0]), key.target


def _could_be(graph: WalkGraph, root: Root, target: TableName) -> bool:
    """Whether rows pointed to could be the root's: not a root's or an identity's own, and no way there yet."""
    between = target in graph.tables and graph.root(target) is None and not graph.is_identity(target)
    return between and not graph.reaches(target, root.kind)


def _named(root: Root, target: TableName) -> bool:
    """A table of couples, for weddings. A lookup table looks the same while few rows use it."""
    return root.kind is Kind.WEDDING and bool(_COUPLE.intersection(things(target.name)))


def _counts(reader: Reader, table: Table, column: str) -> Sequence[int]:
    name = f"t.{quoted(column)}"
    (counts,) = reader.rows(f"SELECT count({name}), count(DISTINCT {name}) FROM {table.from_sql} AS t")
    return counts
