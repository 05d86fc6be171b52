"""The recovery points of linked rows' owners, and their supplements: which to ask for a row, and in which order."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Protocol

from wedsync_dr.model import LinkedRow, Manifest, ScopeId, TableName
from wedsync_dr.restore.resolve import examined
from wedsync_dr.restore.supplements import Beside
from wedsync_dr.snapshot.opening import OpenSnapshot, SealedTable
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.ledger_state import LedgerState
from wedsync_dr.vault.vault import SnapshotRef
from wedsync_dr.verification.closure import column_values

Values = tuple[bytes, ...]
Reference = tuple[TableName, tuple[str, ...]]


class Held(Protocol):
    """A snapshot that is asked for rows, in the names of the database that they go to."""

    @property
    def manifest(self) -> Manifest:
        """Which snapshot it is."""
        ...

    @property
    def links(self) -> Sequence[LinkedRow]:
        """The rows of others that it refers to, with their owners."""
        ...

    @property
    def followed(self) -> Collection[tuple[TableName, TableName, tuple[str, ...]]]:
        """The foreign keys whose links it lists: child, target, target's columns."""
        ...

    def table(self, name: TableName) -> SealedTable | None:
        """The rows of a table."""
        ...


class Holders:
    """Opens the recovery points of owners and their supplements, each once, and only when it is asked for one.

    The restored scope's own rows come from `own` and from no other of its snapshots. `refused` are those that are
    damaged, and why.
    """

    def __init__(
        self, archive: Archive, own: Held, fit: Callable[[OpenSnapshot], Held], as_of: datetime | None
    ) -> None:
        self._archive, self._own, self._fit, self._as_of = archive, own, fit, as_of
        self._refs: dict[ScopeId, tuple[list[SnapshotRef], list[SnapshotRef]]] = {}
        self._read: dict[SnapshotRef, Held | None] = {}
        self.refused: list[tuple[SnapshotRef, str]] = []

    def points(self, owner: ScopeId, referring: str) -> Iterator[Held]:
        """What may hold the owner's rows that rows of the snapshot `referring` refer to, as far as it is intact.

        What was sealed of them beside the restored snapshot or the referring one, and the recovery points at or before
        the asked instant: newest first, of one instant what was sealed beside. Then the later ones, oldest first.
        """
        if owner == self._own.manifest.scope:
            yield self._own
            return
        beside = self._beside.of(owner, (self._own.manifest.snapshot_id, referring))
        before, after = self._around(owner)
        until = sorted((*beside, *before), key=lambda ref: (ref.taken_at, ref.supplement), reverse=True)
        yield from self._intact((*until, *after))

    def known(self, owner: ScopeId) -> bool:
        """Whether the owner has an intact recovery point at all."""
        return owner == self._own.manifest.scope or next(self._intact(chain(*self._around(owner))), None) is not None

    def _intact(self, refs: Iterable[SnapshotRef]) -> Iterator[Held]:
        for ref in refs:
            if ref not in self._read:
                self._read[ref] = self._open(ref)
            if snapshot := self._read[ref]:
                yield snapshot

    @cached_property
    def _beside(self) -> Beside:
        return Beside(self._state)

    @cached_property
    def _state(self) -> LedgerState:
        return self._archive.ledger.known()

    def _around(self, owner: ScopeId) -> tuple[list[SnapshotRef], list[SnapshotRef]]:
        """The owner's recovery points at or before the asked instant, newest first, and the later ones."""
        if owner not in self._refs:
            before = self._archive.recovery_refs(owner, self._as_of)
            every = reversed(self._archive.recovery_refs(owner))
            self._refs[owner] = before, [ref for ref in every if ref not in before]
        return self._refs[owner]

    def _open(self, ref: SnapshotRef) -> Held | None:
        archive = self._archive.supplements if ref.supplement else self._archive
        _, findings, snapshot = examined(archive, ref, self._state)
        if snapshot and not findings:
            return self._fit(snapshot)
        self.refused.append((ref, findings[0].code.value if findings else ""))
        return None


class Links:
    """Who owned the rows that a snapshot refers to, as far as the snapshot knows."""

    def __init__(self, snapshot: Held) -> None:
        self._snapshot = snapshot
        self._owners = {
            ((link.table, link.columns), tuple(v.encode() for v in link.values)): link.owner for link in snapshot.links
        }

    def owners(
        self, child: TableName, reference: Reference, values: set[Values]
    ) -> tuple[dict[ScopeId, set[Values]], set[Values]]:
        """Whom to ask for which row that `child` refers to, and the values that named nothing at the instant.

        A foreign key that the snapshot does not know may have come later: its rows are looked for on the platform.
        """
        own = self._own(reference)
        unlisted = None if (child, *reference) in self._snapshot.followed else ScopeId.of_table(reference[0])
        asked: dict[ScopeId, set[Values]] = {}
        dangling: set[Values] = set()
        for value in values:
            linked = self._owners.get((reference, value), unlisted)
            owner = self._snapshot.manifest.scope if value in own else linked
            (asked.setdefault(owner, set()) if owner else dangling).add(value)
        return asked, dangling

    def _own(self, reference: Reference) -> set[Values]:
        table, columns = reference
        own = self._snapshot.table(table)
        return column_values(own, columns) if own else set()
