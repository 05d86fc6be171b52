"""Tables of people who sign in: nearly every table points there, and who made a row says nothing about its owner."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from wedsync_dr.model import TableName
from wedsync_dr.scope.affinity import Affinity, affinity, things
from wedsync_dr.source.catalog import Catalog

_PEOPLE = {"user", "profile", "account", "login", "identity", "member", "admin", "employee", "staff", "operator"}
_ACTORS = {"by", "author", "owner", "actor", "sender", "recipient", "assignee"}
_ACTORS |= {"creator", "editor", "planner", "reviewer", "uploader"}
_FEWEST = 2


@dataclass(frozen=True)
class Hub:
    """A table of people: how many columns of other tables point to it, and how many of them say who did something."""

    table: TableName
    columns: int
    actors: int


def hubs(catalog: Catalog, roots: Collection[TableName]) -> list[Hub]:
    """Tables named after people that other tables point to by columns which name an actor."""
    found = []
    for name in catalog.tables:
        last = things(name.name)[-1:]
        if name not in roots and last and last[0] in _PEOPLE:
            columns = [column for child, column in _referring(catalog, name) if child != name]
            actors = sum(_is_actor(column, name) for column in columns)
            if len(columns) >= _FEWEST and 2 * actors >= len(columns):
                found.append(Hub(name, len(columns), actors))
    return found


def _referring(catalog: Catalog, target: TableName) -> Iterator[tuple[TableName, str]]:
    for table in catalog.tables.values():
        for key in table.foreign_keys:
            if key.target == target and len(key.columns) == 1:
                yield table.name, key.columns[0]


def _is_actor(column: str, table: TableName) -> bool:
    """`created_by`, `author_id`, `user_id` of users; also `id` where one table of people extends another."""
    words = set(things(column))
    return bool(words & (_ACTORS | _PEOPLE)) or words == {"id"} or affinity(column, table.name) >= Affinity.ENDS
