"""A plan's parts as people and programs see them: tables, owners, counts and keys; never other values."""

from typing import Any

from wedsync_dr.restore.conflicts import PlanConflict
from wedsync_dr.restore.difference import TableChange
from wedsync_dr.restore.dirty import DirtyRows
from wedsync_dr.restore.parents import LinkedParent
from wedsync_dr.restore.silence import Silenced
from wedsync_dr.restore.unlinked import OpenLink
from wedsync_dr.snapshot.sealed_rows import TableHead
from wedsync_dr.source.copytext import text_of
from wedsync_dr.vault.vault import SnapshotRef


def change_json(change: TableChange) -> dict[str, Any]:
    return {
        "table": str(change.table),
        "insert": len(change.inserts),
        "update": len(change.updates),
        "delete": len(change.deletes),
        "kept_different": change.kept_different,
    }


def parent_json(parent: LinkedParent) -> dict[str, Any]:
    return {
        "table": str(parent.head.table),
        "rows": len(parent.lines),
        "owner": str(parent.owner),
        "snapshot_id": parent.snapshot_id,
        "supplement": parent.supplement,
        "needed_by": [str(table) for table in parent.needed_by],
    }


def refused_json(ref: SnapshotRef, why: str) -> dict[str, Any]:
    """What was asked for a linked parent and is damaged."""
    return {"snapshot_id": ref.snapshot_id, "why": why, "owner": str(ref.scope), "supplement": ref.supplement}


def conflict_json(conflict: PlanConflict) -> dict[str, Any]:
    return {
        "code": conflict.code,
        "table": str(conflict.table),
        "detail": conflict.detail,
        "remedy": conflict.remedy,
    }


def silent_json(silent: Silenced) -> dict[str, Any]:
    return {"table": str(silent.table) if silent.table else None, "trigger": silent.name, "kind": silent.kind}


def link_json(link: OpenLink) -> dict[str, Any]:
    """One row, by its key, and the row that it refers to, by what it is referred to by."""
    return {
        "table": str(link.head.table),
        "key": key_of(link.head, link.line),
        "columns": list(link.key.columns),
        "parent": str(link.key.target),
        "parent_key": _named(link.key.target_columns, link.value),
        "owner": str(link.lack.owner) if link.lack.owner else None,
        "nullable": bool(link.nullable),
    }


def dirty_json(dirty: DirtyRows) -> dict[str, Any]:
    return {
        "table": str(dirty.head.table),
        "constraint": dirty.constraint,
        "rows": len(dirty.lines),
        "keys": [key_of(dirty.head, line) for line in dirty.lines],
    }


def key_of(head: TableHead, line: bytes) -> dict[str, str | None]:
    """The key of a row by column; empty for a table without one."""
    return _named(head.key, tuple(line[:-1].split(b"\t", len(head.key))[: len(head.key)]))


def _named(columns: tuple[str, ...], fields: tuple[bytes, ...]) -> dict[str, str | None]:
    return {name: text_of(field) for name, field in zip(columns, fields, strict=True)}
