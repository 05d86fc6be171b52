"""Rows by owner: one COPY per table for all scopes of a group, split by owner while the rows arrive."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from wedsync_dr.model import RowClass, ScopeId, TableName
from wedsync_dr.snapshot.content import TableContent, add_up, class_content, digest
from wedsync_dr.snapshot.layout import RowLayout
from wedsync_dr.snapshot.links import LinkKey, collect_links
from wedsync_dr.snapshot.sealed_rows import TableHead, TableRows

PART_BYTES = 64 * 2**20
_ABSORB_BYTES = 24 * 2**20


@dataclass
class ClassRows:
    """The rows of one class of a scope that are not sealed yet, and the content of all that were read."""

    rows: list[TableRows] = field(default_factory=list)
    size: int = 0
    content: dict[str, tuple[TableHead, TableContent]] = field(default_factory=dict)
    links: dict[LinkKey, set[tuple[bytes, ...]]] = field(default_factory=dict)
    parts: int = 0

    def add(self, rows: TableRows, *, keep: bool) -> None:
        if keep:
            self.rows.append(rows)
            self.size += len(rows.text)
        name = rows.head.name
        before = self.content.get(name)
        self.content[name] = (rows.head, before[1] + rows.content if before else rows.content)

    def hash(self, key: bytes) -> str:
        return class_content(key, {name: (head.listing, content) for name, (head, content) in self.content.items()})

    def take_part(self) -> list[TableRows]:
        """Hand over what is not sealed yet; the next rows begin a new part."""
        rows, self.rows, self.size = self.rows, [], 0
        self.parts += 1
        return rows


Gathered = dict[ScopeId, dict[RowClass, ClassRows]]
ContentKey = Callable[[ScopeId, RowClass], bytes]
Flush = Callable[[ScopeId, RowClass, ClassRows], None]


@dataclass(frozen=True)
class Incoming:
    """One table's rows: owner text, tab, row."""

    layout: RowLayout
    lines: Iterable[memoryview | bytes] = field(repr=False)
    owner: Callable[[bytes], ScopeId] = field(repr=False)


class Gatherer:
    """Collects the rows of many scopes; `flush` is called with a scope and class whose rows must leave memory.

    Without `flush` only contents are worked out and no row is kept.
    """

    def __init__(self, content_key: ContentKey, flush: Flush | None, budget: int) -> None:
        self.gathered: Gathered = {}
        self._content_key, self._flush, self._budget = content_key, flush, budget
        self._held = 0

    def read(self, table: Incoming) -> int:
        """Take in a table; returns how many bytes arrived."""
        arrived = 0
        for buckets, size in _buckets(table.lines):
            arrived += size
            self._absorb(table, buckets)
            self._make_room()
        return arrived

    def expect(self, scopes: Iterable[ScopeId]) -> None:
        """These scopes exist, also if no row of theirs arrives."""
        for scope in scopes:
            self.gathered.setdefault(scope, {})

    def _absorb(self, table: Incoming, buckets: dict[bytes, list[bytes]]) -> None:
        layout = table.layout
        owners = [table.owner(text) for text in buckets]
        digests: list[bytes] = []
        for scope, lines in zip(owners, buckets.values(), strict=True):
            lines.sort()
            digests += digest(self._content_key(scope, layout.row_class), lines)
        contents = add_up(digests, [len(lines) for lines in buckets.values()])
        for scope, lines, content in zip(owners, buckets.values(), contents, strict=True):
            held = self._of(scope, layout.row_class)
            collect_links(held.links, layout, scope.kind, lines)
            held.add(TableRows(layout.head, content, b"".join(lines)), keep=self._flush is not None)
        if self._flush is None:
            return
        self._held += sum(sum(map(len, lines)) for lines in buckets.values())

    def _of(self, scope: ScopeId, row_class: RowClass) -> ClassRows:
        classes = self.gathered.setdefault(scope, {})
        return classes.get(row_class) or classes.setdefault(row_class, ClassRows())

    def _make_room(self) -> None:
        if self._flush is None:
            return
        for scope, row_class, held in self._largest_first():
            if held.size < PART_BYTES and self._held <= self._budget:
                break
            self._held -= held.size
            self._flush(scope, row_class, held)

    def _largest_first(self) -> list[tuple[ScopeId, RowClass, ClassRows]]:
        if self._held <= min(self._budget, PART_BYTES):
            return []
        held = [(s, c, rows) for s, classes in self.gathered.items() for c, rows in classes.items() if rows.size]
        return sorted(held, key=lambda item: -item[2].size)


def _buckets(lines: Iterable[memoryview | bytes]) -> Iterator[tuple[dict[bytes, list[bytes]], int]]:
    """Lines by owner text, in portions of bounded size."""
    buckets: defaultdict[bytes, list[bytes]] = defaultdict(list)
    size, last, add = 0, None, list[bytes]().append
    for data in lines:
        owner, _, line = bytes(data).partition(b"\t")
        if owner != last:
            last, add = owner, buckets[owner].append
        add(line)
        size += len(line)
        if size >= _ABSORB_BYTES:
            yield buckets, size
            buckets, size, last = defaultdict(list), 0, None
    if buckets:
        yield buckets, size


def by_table(classes: dict[RowClass, ClassRows]) -> dict[TableName, list[TableRows]]:
    """A scope's own unsealed rows by table."""
    tables: dict[TableName, list[TableRows]] = {}
    for held in classes.values():
        for rows in held.rows:
            tables.setdefault(rows.head.table, []).append(rows)
    return tables


def values_in(tables: Iterable[TableRows], positions: tuple[int, ...]) -> set[tuple[bytes, ...]]:
    """The values that rows have in some columns."""
    last = max(positions) + 1
    lines = (line.split(b"\t", last) for rows in tables for line in rows.text.split(b"\n")[:-1])
    return {tuple([fields[i] for i in positions]) for fields in lines}
