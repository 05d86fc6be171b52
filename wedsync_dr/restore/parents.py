"""Linked parents: rows that the restored rows refer to, that the database has lost, and that a snapshot still holds."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from wedsync_dr.model import Manifest, ScopeId, TableName
from wedsync_dr.restore.difference import TableChange
from wedsync_dr.restore.holders import Held, Holders, Links, Reference, Values
from wedsync_dr.snapshot.opening import SealedTable
from wedsync_dr.snapshot.sealed_rows import TableHead
from wedsync_dr.verification.closure import column_values

Present = Callable[[TableName, tuple[str, ...], set[Values]], set[Values]]
"""Those of the values that rows of a table have now in some columns."""


@dataclass(frozen=True)
class LinkedParent:
    """Rows of one table that will be inserted if they are missing, the recovery point of their owner that they come
    from, or its supplement, and the tables whose rows refer to them."""

    head: TableHead
    lines: tuple[bytes, ...] = field(repr=False)
    owner: ScopeId = field(kw_only=True)
    snapshot_id: str = field(kw_only=True)
    needed_by: tuple[TableName, ...] = field(kw_only=True)
    supplement: bool = field(kw_only=True, default=False)

    @property
    def as_change(self) -> TableChange:
        """What it writes."""
        return TableChange(self.head, inserts=self.lines)


@dataclass(frozen=True)
class Lack:
    """Why a row that is referred to cannot be had: no recovery point of its owner holds it, or it did not exist."""

    owner: ScopeId | None
    known: bool

    @property
    def dangling(self) -> bool:
        """Whether the reference named nothing already when the snapshot was taken."""
        return self.owner is None


class ParentSearch:
    """Finds the parents that written rows need, in the database first, then in the supplements of the batch that saw
    them, then in their owners' snapshots, recursively."""

    def __init__(self, holders: Holders, present: Present, snapshot: Held) -> None:
        self._holders, self._present, self._snapshot = holders, present, snapshot
        self._links: dict[tuple[ScopeId, str], Links] = {}
        self._settled: set[tuple[Reference, Values]] = set()
        self._rows: dict[TableName, set[bytes]] = {}
        self._found: dict[tuple[TableName, ScopeId, str], LinkedParent] = {}
        self.lacks: dict[Reference, dict[Values, Lack]] = {}
        self.relied_on: dict[Reference, set[Values]] = {}

    def search(
        self, written: Iterable[tuple[TableHead, tuple[bytes, ...]]], staying: dict[TableName, SealedTable]
    ) -> None:
        """Look at every foreign key of the written rows. `staying` are the scope's own rows after the restore."""
        waiting = [(head, lines, self._snapshot) for head, lines in written if lines]
        while waiting:
            head, lines, context = waiting.pop()
            for reference, values in self._references(head, lines, staying):
                for parent, snapshot in self._lost(head.table, reference, values, context):
                    if new := self._keep(parent):
                        waiting.append((parent.head, new, snapshot))

    @property
    def found(self) -> list[LinkedParent]:
        """The parents, one for each table and recovery point."""
        return list(self._found.values())

    def _keep(self, parent: LinkedParent) -> tuple[bytes, ...]:
        """Keep the rows that were not found before, by another of their keys; returns those."""
        rows = self._rows.setdefault(parent.head.table, set())
        new = tuple(line for line in parent.lines if line not in rows)
        rows.update(new)
        place = (parent.head.table, parent.owner, parent.snapshot_id)
        before = self._found.get(place, replace(parent, lines=(), needed_by=()))
        needed_by = tuple(dict.fromkeys(before.needed_by + parent.needed_by))
        self._found[place] = replace(before, lines=before.lines + new, needed_by=needed_by)
        return new

    def _references(
        self, head: TableHead, lines: tuple[bytes, ...], staying: dict[TableName, SealedTable]
    ) -> Iterator[tuple[Reference, set[Values]]]:
        """What the rows refer to outside the scope's own rows, each asked once."""
        table = SealedTable(head, lines)
        for key in head.foreign_keys:
            reference = (key.target, key.target_columns)
            values = column_values(table, key.columns)
            if values and key.target in staying:
                values -= column_values(staying[key.target], key.target_columns)
            values = {value for value in values if (reference, value) not in self._settled}
            self._settled |= {(reference, value) for value in values}
            if values:
                yield reference, values

    def _lost(
        self, child: TableName, reference: Reference, values: set[Values], context: Held
    ) -> Iterator[tuple[LinkedParent, Held]]:
        """Rows that the database lacks and a snapshot holds; the others are relied on, or are lacks."""
        lost = values - self._present(*reference, values)
        owners, dangling = self._links_of(context).owners(child, reference, lost)
        lacks = dict.fromkeys(dangling, Lack(None, known=False))
        for owner, wanted in owners.items():
            points = self._holders.points(owner, context.manifest.snapshot_id)
            for parent, snapshot in _from_points(child, points, reference, wanted):
                wanted -= column_values(SealedTable(parent.head, parent.lines), reference[1])
                yield parent, snapshot
            if wanted:
                lacks |= dict.fromkeys(wanted, Lack(owner, self._holders.known(owner)))
        if lacks:
            self.lacks.setdefault(reference, {}).update(lacks)
        self.relied_on.setdefault(reference, set()).update(values - lacks.keys())

    def _links_of(self, snapshot: Held) -> Links:
        key = (snapshot.manifest.scope, snapshot.manifest.snapshot_id)
        if key not in self._links:
            self._links[key] = Links(snapshot)
        return self._links[key]


def _from_points(
    child: TableName, points: Iterable[Held], reference: Reference, wanted: set[Values]
) -> Iterator[tuple[LinkedParent, Held]]:
    """The rows that are still wanted from an owner's points, the one that fits the instant best first."""
    table, columns = reference
    for snapshot in points:
        if not wanted:
            return
        sealed = snapshot.table(table)
        if sealed is None or not set(columns) <= set(sealed.head.names):
            continue
        positions = sealed.head.positions(columns)
        lines = tuple(line for line in sealed.lines if fields_at(line, positions) in wanted)
        if lines:
            yield _parent(child, sealed.head, lines, snapshot.manifest), snapshot


def _parent(child: TableName, head: TableHead, lines: tuple[bytes, ...], found: Manifest) -> LinkedParent:
    return LinkedParent(
        head,
        lines,
        owner=found.scope,
        snapshot_id=found.snapshot_id,
        supplement=found.supplement,
        needed_by=(child,),
    )


def fields_at(line: bytes, positions: tuple[int, ...]) -> Values:
    """Some fields of a row."""
    fields = line[:-1].split(b"\t", max(positions) + 1)
    return tuple([fields[i] for i in positions])
