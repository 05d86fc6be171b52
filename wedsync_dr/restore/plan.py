"""What a restore would change, row by row, before anything is changed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from wedsync_dr.errors import ScopeNotFound
from wedsync_dr.model import Manifest, ScopeId, TableName, utc_text
from wedsync_dr.restore.adoption import adopt
from wedsync_dr.restore.conflicts import PlanConflict, conflicts
from wedsync_dr.restore.difference import Mode, TableChange, change_of, expected_after, fingerprint
from wedsync_dr.restore.live import Reading, Target, heads_for, read_live
from wedsync_dr.restore.parents import LinkedParent, ParentSearch, Reference, Values
from wedsync_dr.restore.resolve import RecoveryPoint
from wedsync_dr.scope.survey import Source, survey
from wedsync_dr.snapshot.opening import OpenSnapshot, SealedTable
from wedsync_dr.snapshot.sealed_rows import TableHead
from wedsync_dr.vault.archive import Archive


@dataclass(frozen=True)
class RestorePlan:
    """Everything that applying would do. `changes` stand in restore order; lines in them are never printed."""

    scope: ScopeId
    manifest: Manifest
    mode: Mode
    patterns: tuple[str, ...]
    changes: tuple[TableChange, ...]
    parents: tuple[LinkedParent, ...]
    conflicts: tuple[PlanConflict, ...]
    silent_triggers: tuple[tuple[TableName, str], ...]
    refused: tuple[tuple[str, str], ...]
    refused_supplements: tuple[tuple[ScopeId, str, str], ...]
    fingerprint: str
    expected: dict[TableName, Counter[bytes]] = field(repr=False)
    relied_on: dict[Reference, set[Values]] = field(repr=False)

    @property
    def empty(self) -> bool:
        """Whether the database already holds what the snapshot says."""
        return all(change.empty for change in self.changes) and not self.parents

    @property
    def rows(self) -> dict[str, int]:
        parents = sum(len(parent.lines) for parent in self.parents)
        return {
            "inserted": sum(len(change.inserts) for change in self.changes) + parents,
            "updated": sum(len(change.updates) for change in self.changes),
            "deleted": sum(len(change.deletes) for change in self.changes),
        }

    def to_json(self) -> dict[str, Any]:
        """For people and programs: tables, owners and counts; no values."""
        return {
            "scope": {"kind": self.scope.kind.value, "scope_id": self.scope.id},
            "snapshot_id": self.manifest.snapshot_id,
            "taken_at": utc_text(self.manifest.taken_at),
            "mode": self.mode.value,
            "tables": [_change_json(change) for change in self.changes if not change.empty or change.kept_different],
            "rows": self.rows,
            "linked_parents": [
                {
                    "table": str(p.head.table),
                    "rows": len(p.lines),
                    "owner": str(p.owner),
                    "snapshot_id": p.snapshot_id,
                    "supplement": p.supplement,
                }
                for p in self.parents
            ],
            "conflicts": [{"code": c.code, "table": str(c.table), "detail": c.detail} for c in self.conflicts],
            "silent_triggers": [{"table": str(table), "trigger": name} for table, name in self.silent_triggers],
            "refused_snapshots": [{"snapshot_id": snapshot, "why": why} for snapshot, why in self.refused],
            "refused_supplements": [
                {"owner": str(owner), "snapshot_id": snapshot, "why": why}
                for owner, snapshot, why in self.refused_supplements
            ],
            "fingerprint": self.fingerprint,
        }


def _change_json(change: TableChange) -> dict[str, Any]:
    return {
        "table": str(change.table),
        "insert": len(change.inserts),
        "update": len(change.updates),
        "delete": len(change.deletes),
        "kept_different": change.kept_different,
    }


def make_plan(
    source: Source, archive: Archive, point: RecoveryPoint, *, mode: Mode = Mode.merge, tables: Sequence[str] = ()
) -> RestorePlan:
    """Compare a recovery point with the database that `source` names; reads only.

    Raises SchemaChanged, ScopeNotFound (a table selection that selects nothing) and what opening a snapshot raises.
    """
    snapshot = point.snapshot(archive)
    with survey(source) as seen:
        return plan_against(Target.of(seen), archive, snapshot, point, mode=mode, tables=tables)


def read_scope(target: Target, snapshot: OpenSnapshot, tables: Sequence[str] = ()) -> Reading:
    """What a session sees now of a snapshot's scope, all of it or of the selected tables."""
    scope = snapshot.manifest.scope
    heads = _selected(heads_for(target, snapshot, scope), tables)
    return Reading(tuple(heads), read_live(target, scope, heads))


def plan_against(
    target: Target,
    archive: Archive,
    snapshot: OpenSnapshot,
    point: RecoveryPoint,
    *,
    mode: Mode,
    tables: Sequence[str] = (),
    reading: Reading | None = None,
) -> RestorePlan:
    """The plan for what a session sees now; the same session later gives the same fingerprint, or rows have moved.

    A `reading` that was taken in the same transaction is not taken again; it holds at least the selected tables.
    """
    scope = snapshot.manifest.scope
    reading = reading or read_scope(target, snapshot, tables)
    heads, live = _selected(list(reading.heads), tables), reading.rows
    sealed = {head.table: _sealed_lines(snapshot, head) for head in heads}
    changed = [change_of(mode, head, sealed[head.table], live[head.table]) for head in heads]
    adopted = [adopt(target, scope, change) for change in changed]
    changes = [change for change, _ in adopted]
    taken = [conflict for _, found in adopted for conflict in found]
    expected = {c.table: expected_after(mode, c, sealed[c.table], live[c.table]) for c in changed}
    search = ParentSearch(archive, target, snapshot)
    staying = {c.table: SealedTable(c.head, tuple(expected[c.table])) for c in changed}
    search.search([(c.head, c.written) for c in changes], staying)
    return RestorePlan(
        scope=scope,
        manifest=snapshot.manifest,
        mode=mode,
        patterns=tuple(tables),
        changes=tuple(changes),
        parents=tuple(search.found),
        conflicts=(*taken, *conflicts(target, scope, changes, search.missing)),
        silent_triggers=tuple(_triggers(target, changes)),
        refused=tuple((snapshot_id, found[0].code.value) for snapshot_id, found in point.refused),
        refused_supplements=tuple(search.refused),
        fingerprint=fingerprint(changes, live),
        expected=expected,
        relied_on=search.relied_on,
    )


def _sealed_lines(snapshot: OpenSnapshot, head: TableHead) -> tuple[bytes, ...]:
    table = snapshot.tables.get(head.table)
    return table.lines if table else ()


def _selected(heads: list[TableHead], patterns: Sequence[str]) -> list[TableHead]:
    """The tables that the patterns name, as `guests`, `public.guests` or `guest*`; without patterns all of them."""
    if not patterns:
        return heads
    for pattern in patterns:
        if not any(_names(pattern, head.table) for head in heads):
            raise ScopeNotFound(
                f"No table of this scope is called {pattern!r}.",
                remedy="Name tables as `guests`, `public.guests` or `seat*`; the plan without --tables lists them.",
            )
    return [head for head in heads if any(_names(pattern, head.table) for pattern in patterns)]


def _names(pattern: str, table: TableName) -> bool:
    return fnmatchcase(table.name, pattern) or fnmatchcase(str(table), pattern)


def _triggers(target: Target, changes: Sequence[TableChange]) -> list[tuple[TableName, str]]:
    """Triggers of the tables to be written that will not fire."""
    return [
        (change.table, trigger.name)
        for change in changes
        if not change.empty
        for trigger in target.catalog.tables[change.table].triggers
    ]
