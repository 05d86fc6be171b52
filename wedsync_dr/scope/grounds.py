"""What makes a row somebody's: the row itself, and the rows that it refers to on the way to a root.

While none of these has changed, the row still has the owner that it had. Static: no row is looked at.
"""

from dataclasses import dataclass

from wedsync_dr.model import Kind, TableName
from wedsync_dr.scope.edges import Edge
from wedsync_dr.scope.graph import WalkGraph
from wedsync_dr.source.catalog import Table


@dataclass(frozen=True)
class Ground:
    """A step that may decide whose a row is, by its columns.

    The row that they name decides as well, unless it is the root itself (`last`). A step is not `sure` where no key of
    the database keeps the row that it names from coming and going; where a column is NULL it leads nowhere, surely.
    """

    columns: tuple[str, ...]
    target: TableName
    target_columns: tuple[str, ...]
    last: bool
    sure: bool


def grounds(graph: WalkGraph, table: TableName) -> tuple[Ground, ...] | None:
    """All steps that may decide whose a row of the table is; None where other rows decide that point to it."""
    edges = dict.fromkeys(_steps(graph, table))
    if any(edge.reverse for edge in edges):
        return None
    return tuple(
        Ground(edge.columns, edge.target, edge.target_columns, _is_last(graph, edge.target), _is_sure(graph, edge))
        for edge in edges
    )


def _steps(graph: WalkGraph, table: TableName) -> list[Edge]:
    root = graph.root(table)
    if root:
        return list(graph.steps(table, root.kind, root.number)) if root.number else []
    return [edge for kind in (Kind.WEDDING, Kind.VENDOR) for edge in graph.steps(table, kind, None)]


def _is_last(graph: WalkGraph, table: TableName) -> bool:
    return graph.root(table) is not None and not _steps(graph, table)


def _is_sure(graph: WalkGraph, edge: Edge) -> bool:
    """Whether an enforced foreign key is the step."""
    table: Table = graph.tables[edge.table]
    return edge.to_one and any(
        key.validated and key.enforced and (key.columns, key.target, key.target_columns) == _ends(edge)
        for key in table.foreign_keys
    )


def _ends(edge: Edge) -> tuple[tuple[str, ...], TableName, tuple[str, ...]]:
    return edge.columns, edge.target, edge.target_columns
