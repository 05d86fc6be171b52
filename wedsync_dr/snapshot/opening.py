"""Opening snapshots: every byte is checked before it is believed."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from wedsync_dr.errors import Damaged
from wedsync_dr.model import LinkedRow, Manifest, RowClass, ScopeId, SealedObject, TableName
from wedsync_dr.snapshot.content import TableContent, add_up, class_content, digest
from wedsync_dr.snapshot.layout import split_key
from wedsync_dr.snapshot.links import from_footer
from wedsync_dr.snapshot.sealed_rows import OpenObject, TableHead, unseal
from wedsync_dr.vault.archive import Archive

OLDER = "Restore an older recovery point: `wedsync-dr snapshots` lists them; `wedsync-dr verify` names all damage."


@dataclass(frozen=True)
class SealedTable:
    """All rows of one table of a snapshot, as COPY text lines."""

    head: TableHead
    lines: tuple[bytes, ...] = field(repr=False)

    def by_key(self) -> dict[tuple[bytes, ...], bytes]:
        """Lines by key; a table without a key has its rows for keys."""
        width = len(self.head.key)
        return {split_key(line, width): line for line in self.lines}


@dataclass(frozen=True)
class OpenSnapshot:
    """A decrypted snapshot. Tables stand in restore order."""

    manifest: Manifest
    tables: Mapping[TableName, SealedTable]
    links: tuple[LinkedRow, ...] = field(repr=False)


def open_snapshot(archive: Archive, manifest: Manifest) -> OpenSnapshot:
    """Read, authenticate and decrypt a whole snapshot.

    Raises ObjectMissing, Damaged and KeyMissing; nothing of a snapshot that is not intact is handed out.
    """
    parts = [(sealed, open_object(archive, manifest, sealed)) for sealed in manifest.objects]
    return put_together(archive, manifest, parts)


def put_together(
    archive: Archive, manifest: Manifest, parts: Sequence[tuple[SealedObject, OpenObject]]
) -> OpenSnapshot:
    """A snapshot from all its opened objects. Raises Damaged where its content as a whole is not the manifest's."""
    rows = [
        (sealed.row_class, SealedTable(table.head, tuple(lines_of(table.text))))
        for sealed, part in parts
        for table in part.tables()
    ]
    check_content(archive, manifest, rows)
    links = tuple(link for _, part in parts for link in from_footer(part.links))
    return OpenSnapshot(manifest, merged(table for _, table in rows), links)


def open_object(archive: Archive, manifest: Manifest, sealed: SealedObject) -> OpenObject:
    """One object: its size and SHA-256 as the manifest says, then decrypted.

    Raises ObjectMissing, Damaged, KeyMissing.
    """
    data = archive.vault.get_object(manifest.scope, manifest.snapshot_id, sealed.name)
    if len(data) != sealed.bytes or hashlib.sha256(data).hexdigest() != sealed.sha256:
        raise Damaged(f"{sealed.name} of {manifest.scope} is not what its manifest says.", remedy=OLDER)
    key = archive.keyring.key(manifest.scope, sealed.key_id)
    name = archive.vault.sealed_name(sealed.name)
    opened = unseal(data, key.file_key(manifest.scope, manifest.snapshot_id, name))
    if opened.row_count != sealed.rows:
        raise Damaged(f"{sealed.name} of {manifest.scope} does not hold the rows its manifest says.", remedy=OLDER)
    return opened


def check_content(archive: Archive, manifest: Manifest, rows: Iterable[tuple[RowClass, SealedTable]]) -> None:
    """Recompute the content hash from the rows themselves; Damaged where it is not the manifest's."""
    classes: dict[RowClass, list[SealedTable]] = {}
    for row_class, table in rows:
        classes.setdefault(row_class, []).append(table)
    if classes.keys() != manifest.content.keys():
        raise Damaged(f"{manifest.scope} does not have the classes its manifest says.", remedy=OLDER)
    keys = {sealed.row_class: sealed.key_id for sealed in manifest.objects}
    for row_class, tables in classes.items():
        key = archive.keyring.key(manifest.scope, keys[row_class]).content_key(manifest.scope)
        if class_content(key, _contents(key, tables)) != manifest.content.get(row_class):
            raise Damaged(f"The {row_class.value} rows of {manifest.scope} are not what was sealed.", remedy=OLDER)


def _contents(key: bytes, tables: Sequence[SealedTable]) -> dict[str, tuple[str, TableContent]]:
    digests = [one for table in tables for one in digest(key, table.lines)]
    found: dict[str, tuple[str, TableContent]] = {}
    for table, content in zip(tables, add_up(digests, [len(table.lines) for table in tables]), strict=True):
        _, before = found.get(table.head.name, ("", TableContent()))
        found[table.head.name] = (table.head.columns_json, before + content if before.rows else content)
    return found


def lines_of(text: bytes) -> list[bytes]:
    """COPY text as lines, each with its newline (COPY escapes newlines inside values)."""
    lines = text.split(b"\n")
    lines.pop()
    return [line + b"\n" for line in lines]


def sha256_of(archive: Archive, scope: ScopeId, snapshot_id: str, name: str) -> str:
    """The SHA-256 of what stands in an object's place."""
    return hashlib.sha256(archive.vault.get_object(scope, snapshot_id, name)).hexdigest()


def merged(tables: Iterable[SealedTable]) -> dict[TableName, SealedTable]:
    """Tables of all parts and classes, in restore order as far as the parts have it."""
    found: dict[TableName, SealedTable] = {}
    for table in tables:
        before = found.get(table.head.table)
        found[table.head.table] = SealedTable(before.head, before.lines + table.lines) if before else table
    return found
