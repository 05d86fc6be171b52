"""From arranged rows to sealed objects in the vault. The manifest is not written here: until then nothing exists."""

import hashlib
from collections.abc import Collection, Mapping
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.model import Manifest, RowClass, ScopeId, SealedObject, Tier
from wedsync_dr.snapshot.arrange import ScopeRows
from wedsync_dr.snapshot.batch import TOOL_VERSION, BatchFacts
from wedsync_dr.snapshot.content import TableContent, class_content
from wedsync_dr.snapshot.limits import LIMITS, Limits
from wedsync_dr.snapshot.links import LinkKey, Values, as_footer
from wedsync_dr.snapshot.sealed_rows import NO_ROWS, TableHead, seal
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.vault import SnapshotRef

ClassLinks = dict[RowClass, dict[LinkKey, set[Values]]]


class Owners(Protocol):
    """Who owns the rows that links point to."""

    def look_up(self, wanted: Mapping[LinkKey, Collection[Values]]) -> None:
        """Ask for many at once, to be found afterwards."""
        ...

    def find(self, key: LinkKey, values: Collection[Values]) -> dict[Values, ScopeId]:
        """The owners of those of the values that exist."""
        ...


@dataclass
class Opened:
    """A scope while it is sealed: what waits for its last part, and what its content and links add up to."""

    scope: ScopeId
    tier: Tier | None
    previous: Manifest | None
    waiting: dict[RowClass, ScopeRows] = field(default_factory=dict)
    contents: dict[RowClass, dict[str, tuple[TableHead, TableContent]]] = field(default_factory=dict)
    links: ClassLinks = field(default_factory=dict)
    objects: list[SealedObject] = field(default_factory=list)

    def take_in(self, rows: dict[RowClass, ScopeRows]) -> None:
        """The next portion."""
        self.waiting = rows
        for row_class, found in rows.items():
            tables = self.contents.setdefault(row_class, {})
            for entry in found.entries:
                _, before = tables.get(entry.head.name, (entry.head, TableContent()))
                tables[entry.head.name] = (entry.head, before + entry.content if before.rows else entry.content)

    def part(self, row_class: RowClass) -> str:
        """The name of the next object of a class."""
        return f"{row_class.value}-{sum(sealed.row_class is row_class for sealed in self.objects)}.parquet"


class Sealer:
    """Seals the scopes of a group. Objects are put many at once, when they reach the limit or `settle` is called."""

    def __init__(
        self, archive: Archive, facts: BatchFacts, owners: Owners, puts: Executor, limits: Limits = LIMITS
    ) -> None:
        self._archive, self._facts, self._owners, self._puts = archive, facts, owners, puts
        self._limits = limits
        self._supplementary = archive.vault.supplementary
        self._waiting: dict[tuple[ScopeId, str, str], bytes] = {}
        self._held = 0
        self._failed: dict[ScopeId, DisasterRecoveryError] = {}

    def content_key(self, scope: ScopeId, row_class: RowClass) -> bytes:
        """The key of a class's content hash. Raises KeyRefused and what else stands in the way of the scope's key."""
        return self._archive.keyring.newest(scope, row_class, self._facts.instant.taken_at).content_key(scope)

    def flush(self, opened: Opened) -> None:
        """Seal and put what waits: more rows of the scope are coming."""
        for row_class in sorted(opened.waiting):
            self._put(opened, row_class, [])
        opened.waiting = {}

    def finish(self, opened: Opened) -> Manifest | None:
        """Seal the rest of a scope; its manifest, not yet written, or None where the previous one already says the
        same.

        The caller waits for `settle` before it writes the manifest. Raises what stood in the way of this scope.
        """
        content = {c: self._content(opened, c) for c in sorted(opened.contents)}
        if opened.previous and dict(opened.previous.content) == content:
            return None
        for row_class in sorted(opened.contents):
            links = self._links(opened.scope, opened.links.get(row_class, {}))
            if row_class in opened.waiting or links:
                self._put(opened, row_class, links)
        facts = self._facts
        return Manifest(
            scope=opened.scope,
            snapshot_id=facts.snapshot_id,
            taken_at=facts.instant.taken_at,
            lsn=facts.instant.lsn,
            tier=opened.tier,
            source=facts.source,
            schema_fingerprint=facts.schema_fingerprint,
            objects=tuple(opened.objects),
            content=content,
            tool_version=TOOL_VERSION,
            previous=opened.previous.snapshot_id if opened.previous else None,
            supplement=self._supplementary,
        )

    def settle(self) -> dict[ScopeId, DisasterRecoveryError]:
        """Put what was sealed since the last time; the scopes that lack an object now, and why."""
        objects, self._waiting, self._held = self._waiting, {}, 0
        self._failed |= self._archive.vault.put_objects(objects, self._puts)
        failed, self._failed = self._failed, {}
        return failed

    def drop(self, opened: Opened) -> None:
        """Give up what was put of a scope: it gets no manifest. What cannot be removed is found as an orphan."""
        for sealed in opened.objects:
            self._waiting.pop((opened.scope, self._facts.snapshot_id, sealed.name), None)
        if opened.objects:
            with suppress(DisasterRecoveryError):
                self._archive.vault.discard(SnapshotRef(opened.scope, self._facts.snapshot_id, self._supplementary))

    def _content(self, opened: Opened, row_class: RowClass) -> str:
        tables = opened.contents[row_class].items()
        listing = {name: (head.columns_json, content) for name, (head, content) in tables}
        return class_content(self.content_key(opened.scope, row_class), listing)

    def _put(self, opened: Opened, row_class: RowClass, links: list[Any]) -> None:
        scope, snapshot_id, name = opened.scope, self._facts.snapshot_id, opened.part(row_class)
        rows = opened.waiting.get(row_class) or ScopeRows(NO_ROWS, ())
        key = self._archive.keyring.newest(scope, row_class, self._facts.instant.taken_at)
        file_key = key.file_key(scope, snapshot_id, self._archive.vault.sealed_name(name))
        data = seal(rows.rows, rows.entries, links, file_key)
        opened.objects.append(
            SealedObject(
                name=name,
                row_class=row_class,
                key_id=key.id,
                bytes=len(data),
                rows=len(rows.rows),
                sha256=hashlib.sha256(data).hexdigest(),
            )
        )
        self._waiting[scope, snapshot_id, name] = data
        self._held += len(data)
        if self._held > self._limits.sealed:
            self._failed |= self.settle()

    def _links(self, scope: ScopeId, links: dict[LinkKey, set[Values]]) -> list[Any]:
        """The links of a class: what its rows refer to and the snapshot, or the supplement, does not hold."""
        outside: dict[LinkKey, list[tuple[Values, ScopeId | None]]] = {}
        for key, values in links.items():
            owners = self._owners.find(key, values)
            outside[key] = [(v, owners.get(v)) for v in sorted(values) if self._supplementary or owners.get(v) != scope]
        return as_footer(outside)
