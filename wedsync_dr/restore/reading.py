"""Reading many scopes for a recovery: each from its newest intact snapshot, every byte checked before it is used."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from wedsync_dr.errors import Damaged, DisasterRecoveryError
from wedsync_dr.model import Manifest, RowClass, ScopeId
from wedsync_dr.snapshot.content import TableContent, add_up, class_content, digest
from wedsync_dr.snapshot.opening import OLDER, lines_of, open_object
from wedsync_dr.snapshot.sealed_rows import TableHead, TableRows
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.vault import SnapshotRef
from wedsync_dr.verification.verify import check_manifest


@dataclass(frozen=True)
class Refused:
    """A snapshot that was passed over, and why: a finding's code or the name of an error."""

    snapshot_id: str
    why: str


@dataclass(frozen=True)
class ReadScope:
    """A scope's rows, from the newest of its snapshots that is intact; none where all were refused."""

    scope: ScopeId
    manifest: Manifest | None
    tables: tuple[TableRows, ...] = field(repr=False)
    refused: tuple[Refused, ...]

    @property
    def rows(self) -> int:
        return sum(table.content.rows for table in self.tables)


class ScopeReader:
    """Reads scopes of one archive, and remembers what their footers have in common."""

    def __init__(self, archive: Archive) -> None:
        self._archive, self._state = archive, archive.ledger.known()
        self._heads: dict[tuple[str, str], tuple[dict[str, Any], TableHead]] = {}

    def read(self, scope: ScopeId, snapshot_ids: Sequence[str]) -> ReadScope:
        """The scope from the first of the snapshots that is intact."""
        refused: list[Refused] = []
        for snapshot_id in snapshot_ids:
            try:
                manifest = self._manifest(SnapshotRef(scope, snapshot_id))
                return ReadScope(scope, manifest, tuple(self._tables(manifest)), tuple(refused))
            except DisasterRecoveryError as error:
                refused.append(Refused(snapshot_id, _why(error)))
        return ReadScope(scope, None, (), tuple(refused))

    def _manifest(self, ref: SnapshotRef) -> Manifest:
        manifest, findings = check_manifest(self._archive, ref, self._state)
        if manifest is None or findings:
            raise Damaged(findings[0].code.value, remedy=OLDER)
        return manifest

    def _tables(self, manifest: Manifest) -> Iterator[TableRows]:
        """All tables of all parts; raises before the first is handed out where anything is not what was sealed."""
        parts: dict[RowClass, list[TableRows]] = {}
        keys: dict[RowClass, str] = {}
        for sealed in manifest.objects:
            opened = open_object(self._archive, manifest, sealed)
            parts.setdefault(sealed.row_class, []).extend(opened.tables(self._head))
            keys[sealed.row_class] = sealed.key_id
        content = {c: self._content(manifest, keys[c], tables) for c, tables in parts.items()}
        if {c: text for c, text in content.items() if text} != dict(manifest.content):
            raise Damaged(f"The rows of {manifest.scope} are not what was sealed.", remedy=OLDER)
        for tables in parts.values():
            yield from tables

    def _content(self, manifest: Manifest, key_id: str, tables: list[TableRows]) -> str:
        """The content hash of a class, from the rows themselves; empty for one without rows."""
        key = self._archive.keyring.key(manifest.scope, key_id).content_key(manifest.scope)
        lines = [lines_of(table.text) for table in tables]
        sums = add_up(digest(key, chain.from_iterable(lines)), [len(some) for some in lines])
        listing: dict[str, tuple[str, TableContent]] = {}
        for table, content in zip(tables, sums, strict=True):
            before = listing.get(table.head.name)
            listing[table.head.name] = (table.head.columns_json, before[1] + content if before else content)
        return class_content(key, listing) if any(map(len, lines)) else ""

    def _head(self, entry: dict[str, Any]) -> TableHead:
        """The head that a footer's entry describes; the same object for equal entries, as nearly all are."""
        schema, name = entry["table"]
        known = self._heads.get((schema, name))
        if known and _same(known[0], entry):
            return known[1]
        self._heads[schema, name] = (entry, TableHead.from_footer(entry))
        return self._heads[schema, name][1]


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    same = one["columns"] == other["columns"] and one["key"] == other["key"]
    return same and bool(one["foreign_keys"] == other["foreign_keys"])


def _why(error: DisasterRecoveryError) -> str:
    return str(error) if isinstance(error, Damaged) and " " not in str(error) else type(error).__name__
