"""Who owns the rows that links point to."""

from collections.abc import Collection, Mapping

from wedsync_dr.model import ScopeId
from wedsync_dr.scope.survey import Survey
from wedsync_dr.snapshot.links import LinkKey, Values


class LinkOwners:
    """Asks the source, once per value."""

    def __init__(self, seen: Survey) -> None:
        self._seen = seen
        self._found: dict[LinkKey, dict[Values, ScopeId | None]] = {}

    def look_up(self, wanted: Mapping[LinkKey, Collection[Values]]) -> None:
        """Ask for all that is not known yet in one message."""
        asked = {key: found for key, values in wanted.items() if (found := self._unknown(key, values))}
        answers = self._seen.reader.copies([self._statement(key, values) for key, values in asked.items()])
        for (key, values), lines in zip(asked.items(), answers, strict=True):
            self._found[key].update(dict.fromkeys(values))
            self._found[key].update(self._owner(key, line) for line in lines)

    def find(self, key: LinkKey, values: Collection[Values]) -> dict[Values, ScopeId]:
        """The owners of those of the values that exist."""
        self.look_up({key: values})
        known = self._found[key]
        return {value: owner for value in values if (owner := known[value])}

    def _unknown(self, key: LinkKey, values: Collection[Values]) -> list[Values]:
        known = self._found.setdefault(key, {})
        return [value for value in values if value not in known]

    def _statement(self, key: LinkKey, values: list[Values]) -> str:
        table, columns = key
        return self._seen.ownership.select_matching(table, columns, values, columns)

    def _owner(self, key: LinkKey, line: bytes) -> tuple[Values, ScopeId]:
        owner, *found = line[:-1].split(b"\t")
        return tuple(found), self._seen.ownership.owner(key[0], owner)
