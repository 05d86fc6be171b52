"""Who owns the rows that links point to."""

from collections.abc import Collection, Iterator

from wedsync_dr.model import ScopeId
from wedsync_dr.scope.survey import Survey
from wedsync_dr.snapshot.links import LinkKey, Values


class LinkOwners:
    """Asks the source, once per value."""

    def __init__(self, seen: Survey) -> None:
        self._seen = seen
        self._found: dict[LinkKey, dict[Values, ScopeId | None]] = {}

    def find(self, key: LinkKey, values: Collection[Values]) -> dict[Values, ScopeId]:
        """The owners of those of the values that exist."""
        known = self._found.setdefault(key, {})
        if unknown := [value for value in values if value not in known]:
            known.update(dict.fromkeys(unknown))
            known.update(self._ask(key, unknown))
        return {value: owner for value in values if (owner := known[value])}

    def _ask(self, key: LinkKey, values: list[Values]) -> Iterator[tuple[Values, ScopeId]]:
        table, columns = key
        for line in self._seen.reader.copy(self._seen.ownership.select_matching(table, columns, values, columns)):
            owner, *found = bytes(line)[:-1].split(b"\t")
            yield tuple(found), self._seen.ownership.owner(table, owner)
