"""Who owns what, worked out one row after the other: slow and obviously right. Shares no code with wedsync_dr.scope."""

from collections.abc import Iterator

from wedsync_dr.model import Kind, ScopeId, encode_id
from wedsync_dr_tests.scope.worlds import How, Link, Row, World


class Reference:
    """The walk of design section 4, in Python over all rows."""

    def __init__(self, world: World) -> None:
        self.world = world
        roots = {kind: [i for i, table in enumerate(world.tables) if table.root is kind] for kind in Kind}
        self._place = {number: place for numbers in roots.values() for place, number in enumerate(numbers)}

    def owners(self) -> dict[int, ScopeId]:
        """The owner of every row, by the row's number."""
        return {row.number: self.owner(row) for row in self.world.rows}

    def owner(self, row: Row) -> ScopeId:
        if self.world.tables[row.table].root:
            return self._scope_of_root(row)
        weddings = self.reached(row, Kind.WEDDING)
        vendors = self.reached(row, Kind.VENDOR)
        if len(weddings) == 1:
            return weddings.pop()
        if not weddings and len(vendors) == 1:
            return vendors.pop()
        return ScopeId.of_table(self.world.tables[row.table].title)

    def several(self, row: Row) -> bool:
        """Whether a row is the platform's because it reaches several scopes of the kind that decides."""
        if self.world.tables[row.table].root:
            return False
        return len(self.reached(row, Kind.WEDDING) or self.reached(row, Kind.VENDOR)) > 1

    def reached(self, start: Row, kind: Kind, below: int | None = None) -> set[ScopeId]:
        """All scopes of a kind that a row reaches through any number of rows."""
        found: set[ScopeId] = set()
        seen, waiting = {start.number}, [start]
        while waiting:
            for row in self._steps(waiting.pop(), kind):
                table = self.world.tables[row.table]
                if table.root:
                    if table.root is kind and (below is None or self._place[row.table] < below):
                        found.add(self._scope_of_root(row))
                elif not table.identity and row.number not in seen:
                    seen.add(row.number)
                    waiting.append(row)
        return found

    def _scope_of_root(self, row: Row) -> ScopeId:
        table = self.world.tables[row.table]
        assert table.root
        place = self._place[row.table]
        earlier = self.reached(row, table.root, below=place) if place else set()
        if len(earlier) == 1:
            return earlier.pop()
        parts = [encode_id(str(row.values[name])) for name in table.key_columns]
        return ScopeId(table.root, "~".join(["", encode_id(str(table.title)), *parts] if place else parts))

    def _steps(self, row: Row, kind: Kind) -> Iterator[Row]:
        through = self.world.through.get((row.table, kind))
        for link in self.world.links:
            if link.source == row.table and (through is None or set(link.columns) <= set(through)):
                yield from (other for other in self._rows(link.target) if refers(link, row, other))
            if link.reverse and link.target == row.table and through is None:
                yield from (other for other in self._rows(link.source) if refers(link, other, row, reverse=True))

    def _rows(self, table: int) -> list[Row]:
        return [row for row in self.world.rows if row.table == table]


def refers(link: Link, row: Row, other: Row, *, reverse: bool = False) -> bool:
    """Whether the link of `row` points to `other`. A condition is the reference's, not the reverse link's."""
    if link.conditional and not reverse and row.values["kind"] != "owner":
        return False
    if link.how is How.ARRAY:
        elements = row.values[link.columns[0]]
        return isinstance(elements, list) and other.values["k0"] in elements
    values = [row.values[name] for name in link.columns]
    return None not in values and values == [other.values[name] for name in link.target_columns]
