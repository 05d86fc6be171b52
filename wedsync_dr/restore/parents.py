"""Linked parents: rows that the restored rows refer to, that the database has lost, and that a snapshot still holds."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.model import ScopeId, TableName
from wedsync_dr.restore.live import Target, present
from wedsync_dr.restore.supplements import Beside
from wedsync_dr.snapshot.opening import OpenSnapshot, SealedTable, open_snapshot
from wedsync_dr.snapshot.sealed_rows import TableHead
from wedsync_dr.vault.archive import Archive
from wedsync_dr.verification.closure import column_values

Values = tuple[bytes, ...]
Reference = tuple[TableName, tuple[str, ...]]


@dataclass(frozen=True)
class LinkedParent:
    """Rows of one table that will be inserted if they are missing, and the recovery point of their owner they come
    from, or the supplement."""

    head: TableHead
    lines: tuple[bytes, ...] = field(repr=False)
    owner: ScopeId = field(kw_only=True)
    snapshot_id: str = field(kw_only=True)
    supplement: bool = field(kw_only=True, default=False)


@dataclass(frozen=True)
class MissingParent:
    """References that nothing can satisfy."""

    child: TableName
    target: TableName
    values: int


class ParentSearch:
    """Finds the parents that written rows need, in the database first, then in the supplements of the batch that saw
    them, then in their owners' snapshots, recursively. `refused` are supplements that are damaged."""

    def __init__(self, archive: Archive, target: Target, snapshot: OpenSnapshot) -> None:
        self._archive, self._target, self._snapshot = archive, target, snapshot
        self._opened: dict[ScopeId, list[OpenSnapshot]] = {}
        self._beside = Beside(archive)
        self.refused = self._beside.refused
        self._settled: set[tuple[Reference, Values]] = set()
        self.found: list[LinkedParent] = []
        self.missing: list[MissingParent] = []
        self.relied_on: dict[Reference, set[Values]] = {}

    def search(
        self, written: Iterable[tuple[TableHead, tuple[bytes, ...]]], staying: dict[TableName, SealedTable]
    ) -> None:
        """Look at every foreign key of the written rows. `staying` are the scope's own rows after the restore."""
        waiting = [(head, lines, self._snapshot) for head, lines in written if lines]
        while waiting:
            head, lines, context = waiting.pop()
            for reference, values in self._references(head, lines, staying):
                self.relied_on.setdefault(reference, set()).update(values)
                for parent, snapshot in self._lost(head, reference, values, context):
                    self.found.append(parent)
                    waiting.append((parent.head, parent.lines, snapshot))

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
        self, child: TableHead, reference: Reference, values: set[Values], context: OpenSnapshot
    ) -> Iterator[tuple[LinkedParent, OpenSnapshot]]:
        table, columns = reference
        lost = values - set(present(self._target, table, columns, values, columns))
        owners = _Owners(context)
        for owner, wanted in owners.of(reference, lost).items():
            for parent, snapshot in self._from_snapshots(owner, reference, wanted, context):
                lost -= column_values(SealedTable(parent.head, parent.lines), columns)
                yield parent, snapshot
        if lost and (lost := lost - owners.dangling(reference)):
            self.missing.append(MissingParent(child.table, table, len(lost)))

    def _from_snapshots(
        self, owner: ScopeId, reference: Reference, wanted: set[Values], context: OpenSnapshot
    ) -> Iterator[tuple[LinkedParent, OpenSnapshot]]:
        """The wanted rows from the owner's supplements, then from its snapshots, newest first."""
        table, columns = reference
        for snapshot in self._snapshots_of(owner, context):
            sealed = snapshot.tables.get(table)
            if sealed is None or not wanted:
                continue
            positions = sealed.head.positions(columns)
            lines = tuple(line for line in sealed.lines if fields_at(line, positions) in wanted)
            if lines:
                wanted = wanted - {fields_at(line, positions) for line in lines}
                yield _parent(sealed.head, lines, snapshot), snapshot

    def _snapshots_of(self, owner: ScopeId, context: OpenSnapshot) -> Iterator[OpenSnapshot]:
        if owner == self._snapshot.manifest.scope:
            yield self._snapshot
            return
        for snapshot_id in dict.fromkeys(one.manifest.snapshot_id for one in (self._snapshot, context)):
            yield from self._beside.of(owner, snapshot_id)
        opened = self._opened.setdefault(owner, [])
        yield from opened
        for ref in list(self._archive.vault.snapshots(scope=owner))[::-1][len(opened) :]:
            try:
                manifest = self._archive.vault.manifest(ref.scope, ref.snapshot_id, self._archive.verifier)
                opened.append(open_snapshot(self._archive, manifest))
            except DisasterRecoveryError:
                continue
            yield opened[-1]


def _parent(head: TableHead, lines: tuple[bytes, ...], snapshot: OpenSnapshot) -> LinkedParent:
    found = snapshot.manifest
    return LinkedParent(head, lines, owner=found.scope, snapshot_id=found.snapshot_id, supplement=found.supplement)


class _Owners:
    """Who owned the rows that a snapshot refers to, as far as the snapshot knows."""

    def __init__(self, snapshot: OpenSnapshot) -> None:
        self._snapshot = snapshot
        self._links = {
            ((link.table, link.columns), tuple(v.encode() for v in link.values)): link.owner for link in snapshot.links
        }

    def of(self, reference: Reference, values: set[Values]) -> dict[ScopeId, set[Values]]:
        """Who to ask for which row: the snapshot's own scope, the owner that a link names, else the platform."""
        owners: dict[ScopeId, set[Values]] = {}
        own = self._own(reference)
        for value in values:
            linked = self._links.get((reference, value)) or ScopeId.of_table(reference[0])
            owners.setdefault(self._snapshot.manifest.scope if value in own else linked, set()).add(value)
        return owners

    def dangling(self, reference: Reference) -> set[Values]:
        """What named nothing when the snapshot was taken: that may be so again; new breaks may not."""
        return {value for (target, value), owner in self._links.items() if target == reference and owner is None}

    def _own(self, reference: Reference) -> set[Values]:
        table, columns = reference
        own = self._snapshot.tables.get(table)
        return column_values(own, columns) if own else set()


def fields_at(line: bytes, positions: tuple[int, ...]) -> Values:
    """Some fields of a row."""
    fields = line[:-1].split(b"\t", max(positions) + 1)
    return tuple([fields[i] for i in positions])
