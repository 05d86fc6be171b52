"""What nobody has decided yet, most urgent first. Its rows are the platform's meanwhile, and protected."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from wedsync_dr.model import Kind, TableName
from wedsync_dr.scope.affinity import Affinity, affinity, id_like
from wedsync_dr.scope.clues import clues as clues_in
from wedsync_dr.scope.clues import look
from wedsync_dr.scope.descent import family
from wedsync_dr.scope.evidence import Evidence, weigh
from wedsync_dr.scope.graph import WalkGraph
from wedsync_dr.scope.hubs import hubs
from wedsync_dr.scope.ownership import ResolvedOwnership
from wedsync_dr.scope.verdict import percent
from wedsync_dr.source.catalog import Catalog
from wedsync_dr.source.session import Reader

MANY_ROWS = 1000


class Urgency(IntEnum):
    """Why it should be decided, most urgent first."""

    ROOT_NAMED = 1
    MANY_ROWS = 2
    IDENTITY_ONLY = 3
    REST = 4


@dataclass(frozen=True)
class Undecided:
    """A table, or one of its columns, that nothing says the owner of; `what` is a sentence about it."""

    urgency: Urgency
    table: TableName
    column: str | None
    rows: int
    what: str


def undecided(
    reader: Reader, catalog: Catalog, ownership: ResolvedOwnership, rows: Mapping[TableName, int]
) -> list[Undecided]:
    """Everything undecided: the most urgent first, then what has most rows."""
    named = list(_root_named(reader, catalog, ownership, rows))
    found = [*named, *_without_owner(catalog, ownership, rows, {one.table for one in named})]
    return sorted(found, key=lambda one: (one.urgency, -one.rows, one.table, one.column or ""))


def _root_named(
    reader: Reader, catalog: Catalog, ownership: ResolvedOwnership, rows: Mapping[TableName, int]
) -> Iterator[Undecided]:
    """Columns that are named after a root, can hold its key, and have neither a foreign key nor a rule."""
    for table, open_ in clues_in(catalog, ownership.rules).items():
        if table in ownership.left_out:
            continue
        roots = {clue: root for clue in open_ if (root := _root_of(catalog, ownership, table, clue.column))}
        found = weigh(reader, catalog, look(reader, catalog.tables[table], list(roots)), set(roots.values()))
        for clue, root in roots.items():
            seen = _seen([one for one in found if one.clue.column == clue.column], root)
            what = f"is named like a reference to {root}, and has neither a foreign key nor a rule ({seen})"
            yield Undecided(Urgency.ROOT_NAMED, table, clue.column, rows.get(table, 0), what)


def _seen(found: Sequence[Evidence], root: TableName) -> str:
    """How many of a column's values are keys of the root; of the types that a column points to, the most."""
    if not found:
        return "it holds nothing"
    shares = [one.share for evidence in found for one in evidence.candidates if one.target.table == root]
    return f"{percent(max(shares, default=0))} of its values are keys of it"


def _root_of(catalog: Catalog, ownership: ResolvedOwnership, table: TableName, column: str) -> TableName | None:
    """The root that a column is named after and whose key it can hold."""
    here = catalog.tables[table].column[column]
    for kind in (Kind.WEDDING, Kind.VENDOR):
        for root in ownership.roots(kind):
            keys = [family(catalog.tables[root.table].column[name]) for name in root.key]
            mine = family(here, element=here.is_array)
            named = affinity(column, root.table.name) >= Affinity.ENDS and (id_like(column) or mine == "uuid")
            if named and len(keys) == 1 and ("text" in (mine, keys[0]) or mine == keys[0]):
                return root.table
    return None


def _without_owner(
    catalog: Catalog, ownership: ResolvedOwnership, rows: Mapping[TableName, int], named: set[TableName]
) -> Iterator[Undecided]:
    """Tables from which no way leads to a root."""
    through_people = _through_people(catalog, ownership)
    for table in catalog.tables:
        if table in named or table in ownership.left_out or ownership.kinds(table) != {Kind.PLATFORM}:
            continue
        count = rows.get(table, 0)
        if count >= MANY_ROWS:
            yield Undecided(Urgency.MANY_ROWS, table, None, count, f"has {count:,} rows and no way to a root")
        elif table in through_people:
            what = "reaches roots or people only through identity tables"
            yield Undecided(Urgency.IDENTITY_ONLY, table, None, count, what)
        else:
            yield Undecided(Urgency.REST, table, None, count, "has no way to a root")


def _through_people(catalog: Catalog, ownership: ResolvedOwnership) -> set[TableName]:
    """Tables that would reach a root if people were walked through, and those that point to people at all."""
    rules = ownership.rules
    graph = WalkGraph(catalog, replace(rules, not_through=()))
    people = {*rules.not_through, *(hub.table for hub in hubs(catalog, list(graph.owners.roots)))}
    found = set()
    for table in catalog.tables.values():
        points = any(key.target in people for key in table.foreign_keys)
        reaches = any(graph.reaches(table.name, kind) for kind in (Kind.WEDDING, Kind.VENDOR))
        if table.name not in people and (points or reaches):
            found.add(table.name)
    return found
