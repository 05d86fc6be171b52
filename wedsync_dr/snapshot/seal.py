"""From gathered rows to sealed objects in the vault. The manifest is not written here: until then nothing exists."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.model import Instant, Manifest, RowClass, ScopeId, SealedObject, SourceIdentity, Tier
from wedsync_dr.snapshot.gather import ClassRows, by_table, values_in
from wedsync_dr.snapshot.links import LinkKey, Values, as_footer
from wedsync_dr.snapshot.sealed_rows import TableRows, seal
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.vault import SnapshotRef

TOOL_VERSION = "0.1.0"
LinkOwners = Callable[[LinkKey, set[Values]], dict[Values, ScopeId]]
Position = Callable[[LinkKey], tuple[int, ...] | None]


@dataclass(frozen=True)
class BatchFacts:
    """What all snapshots of a batch have in common."""

    batch_id: str
    snapshot_id: str
    instant: Instant
    source: SourceIdentity
    schema_fingerprint: str


@dataclass
class _Puts:
    """The objects of one scope that are on their way into the vault."""

    objects: list[SealedObject] = field(default_factory=list)
    pending: list[Future[None]] = field(default_factory=list)


class Sealer:
    """Seals the scopes of a batch. Objects are put by `puts`, so that sealing goes on while the disk syncs."""

    def __init__(
        self, archive: Archive, facts: BatchFacts, owners: LinkOwners, position: Position, puts: Executor
    ) -> None:
        self._archive, self._facts, self._owners, self._position, self._puts = archive, facts, owners, position, puts
        self._on_the_way: dict[ScopeId, _Puts] = {}
        self._refused: dict[ScopeId, DisasterRecoveryError] = {}
        self._content_keys: dict[tuple[ScopeId, RowClass], bytes] = {}

    def content_key(self, scope: ScopeId, row_class: RowClass) -> bytes:
        """The key of a class's content hash. A scope whose key is refused fails when it is finished, and alone."""
        known = self._content_keys.get((scope, row_class))
        if known is None:
            known = self._content_keys[scope, row_class] = self._derive(scope, row_class)
        return known

    def refuse(self, scope: ScopeId, error: DisasterRecoveryError) -> None:
        """This scope will fail when it is finished."""
        self._refused[scope] = error

    def _derive(self, scope: ScopeId, row_class: RowClass) -> bytes:
        if scope in self._refused:
            return b""
        try:
            return self._archive.keyring.newest(scope, row_class, self._facts.instant.taken_at).content_key(scope)
        except DisasterRecoveryError as error:
            self.refuse(scope, error)
            return b""

    def flush(self, scope: ScopeId, row_class: RowClass, held: ClassRows) -> None:
        """Seal what is held of a class as a part, and put it."""
        part, rows = held.parts, held.take_part()
        if scope not in self._refused:
            self._put(scope, row_class, part, rows, [])

    def finish(
        self, scope: ScopeId, classes: dict[RowClass, ClassRows], previous: Manifest | None, tier: Tier | None
    ) -> Manifest | None:
        """Seal the rest of a scope; its manifest, not yet written, or None where `previous` already says the same.

        The caller waits for `settle` before it writes the manifest. Raises what stood in the way of this scope.
        """
        if scope in self._refused:
            raise self._refused[scope]
        content = {c: held.hash(self.content_key(scope, c)) for c, held in sorted(classes.items()) if held.content}
        if previous and dict(previous.content) == content:
            return None
        for row_class, held in sorted(classes.items()):
            links = self._links(scope, held)
            if held.rows or links:
                self._put(scope, row_class, held.parts, held.take_part(), links)
        facts = self._facts
        return Manifest(
            scope=scope,
            snapshot_id=facts.snapshot_id,
            taken_at=facts.instant.taken_at,
            lsn=facts.instant.lsn,
            tier=tier,
            source=facts.source,
            schema_fingerprint=facts.schema_fingerprint,
            objects=tuple(self._on_the_way[scope].objects) if scope in self._on_the_way else (),
            content=content,
            tool_version=TOOL_VERSION,
            previous=previous.snapshot_id if previous else None,
        )

    def settle(self, scope: ScopeId) -> None:
        """Wait until the scope's objects are in the vault; raises what stopped one."""
        for pending in self._on_the_way.pop(scope, _Puts()).pending:
            pending.result()

    def drop(self, scope: ScopeId) -> None:
        """Give up what was put of a scope: it gets no manifest. What cannot be removed is found as an orphan."""
        if scope not in self._on_the_way:
            return
        with suppress(DisasterRecoveryError):
            self.settle(scope)
        with suppress(DisasterRecoveryError):
            self._archive.vault.discard(SnapshotRef(scope, self._facts.snapshot_id))

    def _put(self, scope: ScopeId, row_class: RowClass, part: int, rows: Sequence[TableRows], links: list[Any]) -> None:
        name = f"{row_class.value}-{part}.parquet"
        key = self._archive.keyring.newest(scope, row_class, self._facts.instant.taken_at)
        data = seal(rows, links, key.file_key(scope, self._facts.snapshot_id, name))
        puts = self._on_the_way.setdefault(scope, _Puts())
        puts.objects.append(
            SealedObject(
                name=name,
                row_class=row_class,
                key_id=key.id,
                bytes=len(data),
                rows=sum(table.content.rows for table in rows),
                sha256=hashlib.sha256(data).hexdigest(),
            )
        )
        snapshot_id = self._facts.snapshot_id
        puts.pending.append(self._puts.submit(self._archive.vault.put_object, scope, snapshot_id, name, data))

    def look_up(self, scopes: Iterable[dict[RowClass, ClassRows]]) -> None:
        """Ask for the owners of all that some scopes refer to at once, rather than scope by scope."""
        wanted: dict[LinkKey, set[Values]] = {}
        for classes in scopes:
            self._keep_outside(classes)
            for held in classes.values():
                for key, values in held.links.items():
                    wanted.setdefault(key, set()).update(values)
        for key, values in wanted.items():
            self._owners(key, values)

    def _keep_outside(self, classes: dict[RowClass, ClassRows]) -> None:
        """Forget references to rows that the scope holds itself."""
        rows = by_table(classes)
        for held in classes.values():
            for (table, columns), values in held.links.items():
                positions = self._position((table, columns))
                if positions and table in rows:
                    values -= values_in(rows[table], positions)

    def _links(self, scope: ScopeId, held: ClassRows) -> list[Any]:
        """The links of a class: what its rows refer to and the scope does not hold."""
        outside: dict[LinkKey, list[tuple[Values, ScopeId | None]]] = {}
        for key, values in held.links.items():
            owners = self._owners(key, values) if values else {}
            outside[key] = [(v, owners.get(v)) for v in sorted(values) if owners.get(v) != scope]
        return as_footer(outside)
