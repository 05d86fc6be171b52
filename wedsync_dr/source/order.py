"""In which order tables are written: parents before children, cycles named."""

from collections.abc import Collection, Mapping

from wedsync_dr.model import TableName
from wedsync_dr.source.catalog import Catalog, ForeignKey

Graph = Mapping[TableName, Collection[TableName]]


def restore_order(catalog: Catalog) -> list[TableName]:
    """Every table, parents before children; tables of a cycle stand together. The same for the same catalogue."""
    return [name for group in _groups(catalog) for name in group]


def cycles(catalog: Catalog) -> list[frozenset[TableName]]:
    """Groups of tables that refer to each other in a circle."""
    return [frozenset(group) for group in _groups(catalog) if len(group) > 1]


def cyclic_keys(catalog: Catalog) -> dict[TableName, tuple[ForeignKey, ...]]:
    """Per table the foreign keys whose target is not written before it: self references and the way back of cycles."""
    place = {name: i for i, name in enumerate(restore_order(catalog))}
    late = {
        name: tuple(key for key in table.foreign_keys if key.target in place and place[key.target] >= place[name])
        for name, table in catalog.tables.items()
    }
    return {name: keys for name, keys in late.items() if keys}


def _groups(catalog: Catalog) -> list[list[TableName]]:
    return components({name: {key.target for key in table.foreign_keys} for name, table in catalog.tables.items()})


def components(graph: Graph) -> list[list[TableName]]:
    """The strongly connected components, each after all that it points to; alphabetical where that leaves a choice."""
    search = _Search(graph)
    for name in sorted(graph):
        if name not in search.index:
            search.run(name)
    home = {name: i for i, group in enumerate(search.found) for name in group}
    waits = [
        {home[to] for name in group for to in graph[name] if to in home} - {home[group[0]]} for group in search.found
    ]
    return [search.found[i] for i in _layered(waits, [group[0] for group in search.found])]


def _layered(waits: list[set[int]], first: list[TableName]) -> list[int]:
    """Repeatedly everything that waits for nothing any more, by name."""
    order: list[int] = []
    open_ = dict(enumerate(waits))
    while open_:
        ready = sorted((i for i, needs in open_.items() if not needs & open_.keys()), key=first.__getitem__)
        order += ready
        for i in ready:
            del open_[i]
    return order


class _Search:
    """Tarjan's algorithm, without recursion: schemas are deeper than Python's stack is patient."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.index: dict[TableName, int] = {}
        self._low: dict[TableName, int] = {}
        self._stack: list[TableName] = []
        self.found: list[list[TableName]] = []

    def run(self, start: TableName) -> None:
        path = [(start, iter(self._enter(start)))]
        while path:
            node, rest = path[-1]
            unseen = next((to for to in rest if self._look(node, to)), None)
            if unseen is not None:
                path.append((unseen, iter(self._enter(unseen))))
                continue
            path.pop()
            if path:
                parent = path[-1][0]
                self._low[parent] = min(self._low[parent], self._low[node])
            if self._low[node] == self.index[node]:
                self._leave(node)

    def _enter(self, node: TableName) -> list[TableName]:
        self.index[node] = self._low[node] = len(self.index)
        self._stack.append(node)
        return sorted(to for to in self._graph[node] if to in self._graph)

    def _look(self, node: TableName, to: TableName) -> bool:
        """True where `to` was never entered; an open node lowers `node`."""
        if to not in self.index:
            return True
        if to in self._low:
            self._low[node] = min(self._low[node], self.index[to])
        return False

    def _leave(self, node: TableName) -> None:
        at = self._stack.index(node)
        group, self._stack = self._stack[at:], self._stack[:at]
        self.found.append(sorted(group))
        for member in group:
            del self._low[member]
