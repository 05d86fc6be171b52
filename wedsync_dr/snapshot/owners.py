"""The rows that links point to: whose they are, and what tells how old they are."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from wedsync_dr.model import ScopeId, TableName
from wedsync_dr.scope.grounds import Ground
from wedsync_dr.scope.survey import Survey
from wedsync_dr.snapshot.links import LinkKey, Values
from wedsync_dr.source.copytext import NULL

_XMIN = "xmin"  # a system column: no table can have another one of this name


@dataclass(frozen=True, slots=True)
class LinkedTo:
    """A row that a link names. `grounds` are its values for each ground of its table, None where one is NULL."""

    owner: ScopeId
    xmin: int = 0
    grounds: tuple[Values | None, ...] = ()


class LinkOwners:
    """Asks the source, once per value; for ages only where they are wanted (`aged`)."""

    def __init__(self, seen: Survey, *, aged: bool = False) -> None:
        self._seen, self._aged = seen, aged
        self._found: dict[LinkKey, dict[Values, LinkedTo | None]] = {}
        self._tables: dict[TableName, _Asked] = {}

    def look_up(self, wanted: Mapping[LinkKey, Collection[Values]]) -> None:
        """Ask for all that is not known yet in one message."""
        asked = {key: found for key, values in wanted.items() if (found := self._unknown(key, values))}
        answers = self._seen.reader.copies([self._statement(key, values) for key, values in asked.items()])
        for (key, values), lines in zip(asked.items(), answers, strict=True):
            self._found[key].update(dict.fromkeys(values))
            self._found[key].update(self._linked(key, line) for line in lines)

    def find(self, key: LinkKey, values: Collection[Values]) -> dict[Values, ScopeId]:
        """The owners of those of the values that exist."""
        self.look_up({key: values})
        known = self._found[key]
        return {value: row.owner for value in values if (row := known[value])}

    def knows(self, key: LinkKey, value: Values) -> bool:
        """Whether the value was asked for."""
        return value in self._found.get(key, ())

    def row(self, key: LinkKey, value: Values) -> LinkedTo | None:
        """What is known of the row that a value names; None where there is none."""
        return self._found[key][value]

    def grounds(self, table: TableName) -> tuple[Ground, ...] | None:
        """What decides whose a row of the table is, besides the row."""
        return self._asked(table).grounds

    def _unknown(self, key: LinkKey, values: Collection[Values]) -> list[Values]:
        known = self._found.setdefault(key, {})
        return [value for value in values if value not in known]

    def _statement(self, key: LinkKey, values: list[Values]) -> str:
        table, columns = key
        more = (_XMIN, *self._asked(table).columns) if self._aged else ()
        return self._seen.ownership.select_matching(table, columns, values, (*columns, *more))

    def _asked(self, table: TableName) -> "_Asked":
        if table not in self._tables:
            self._tables[table] = _Asked(self._seen.ownership.static.grounds(table))
        return self._tables[table]

    def _linked(self, key: LinkKey, line: bytes) -> tuple[Values, LinkedTo]:
        table, width = key[0], len(key[1])
        owner, *found = line[:-1].split(b"\t")
        scope = self._seen.ownership.owner(table, owner)
        if not self._aged:
            return tuple(found), LinkedTo(scope)
        grounds = self._asked(table).values(found[width + 1 :])
        return tuple(found[:width]), LinkedTo(scope, int(found[width]), grounds)


@dataclass(frozen=True)
class _Asked:
    """What is asked of a table's rows beside their keys."""

    grounds: tuple[Ground, ...] | None

    @cached_property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for ground in self.grounds or () for name in ground.columns))

    @cached_property
    def _places(self) -> list[list[int]]:
        return [[self.columns.index(name) for name in ground.columns] for ground in self.grounds or ()]

    def values(self, fields: list[bytes]) -> tuple[Values | None, ...]:
        """The values of each ground."""
        found = [tuple([fields[place] for place in places]) for places in self._places]
        return tuple([None if NULL in value else value for value in found])
