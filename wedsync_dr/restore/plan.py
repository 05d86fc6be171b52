"""What a restore would change, row by row, before anything is changed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from wedsync_dr.model import Manifest, ScopeId, TableName, utc_text
from wedsync_dr.restore.adoption import adopt
from wedsync_dr.restore.allowed import missing_privileges
from wedsync_dr.restore.conflicts import PlanConflict, conflicts, missing_parents
from wedsync_dr.restore.difference import Mode, TableChange, change_of, expected_after, fingerprint
from wedsync_dr.restore.dirty import DirtyRows, dirt_conflicts, dirty_rows
from wedsync_dr.restore.drift import drift_conflicts, newcomers
from wedsync_dr.restore.fitting import FittedSnapshot, all_fits, lines_of, project
from wedsync_dr.restore.holders import Holders, Reference, Values
from wedsync_dr.restore.live import Reading, Target, heads_for, read_live
from wedsync_dr.restore.mapping import TableFit
from wedsync_dr.restore.parents import LinkedParent, ParentSearch
from wedsync_dr.restore.resolve import RecoveryPoint
from wedsync_dr.restore.selection import Selection, left_behind
from wedsync_dr.restore.shown import (
    change_json,
    conflict_json,
    dirty_json,
    link_json,
    parent_json,
    refused_json,
    silent_json,
)
from wedsync_dr.restore.silence import Silenced, silenced
from wedsync_dr.restore.terms import MERGE, Terms
from wedsync_dr.restore.unlinked import OpenLink, Unlinking, nullable_in, open_links
from wedsync_dr.scope.survey import Source, survey
from wedsync_dr.snapshot.opening import OpenSnapshot, SealedTable
from wedsync_dr.snapshot.sealed_rows import TableHead
from wedsync_dr.source.guards import event_triggers, hooks
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.vault import SnapshotRef


@dataclass(frozen=True)
class RestorePlan:
    """Everything that applying would do. `changes` stand in restore order; lines in them are never printed.

    `missing` are links that stand in the way, `unlinked` those that will be NULL by the terms' consent, `dirty` rows
    that break a constraint. `live` are the scope's rows as they are.
    """

    scope: ScopeId
    manifest: Manifest
    terms: Terms
    changes: tuple[TableChange, ...]
    parents: tuple[LinkedParent, ...]
    missing: tuple[OpenLink, ...]
    unlinked: tuple[OpenLink, ...]
    dirty: tuple[DirtyRows, ...]
    fits: tuple[TableFit, ...]
    conflicts: tuple[PlanConflict, ...]
    silent: tuple[Silenced, ...]
    refused: tuple[tuple[str, str], ...]
    refused_parents: tuple[tuple[SnapshotRef, str], ...]
    left_behind: tuple[tuple[TableName, int], ...]
    fingerprint: str
    live: Mapping[TableName, Sequence[bytes]] = field(repr=False)
    expected: dict[TableName, Counter[bytes]] = field(repr=False)
    relied_on: dict[Reference, set[Values]] = field(repr=False)
    creates_tables: bool = False

    @property
    def mode(self) -> Mode:
        return self.terms.mode

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
        """For people and programs: tables, owners, counts and keys; no other values."""
        refused = [{"snapshot_id": snapshot, "why": why} for snapshot, why in self.refused]
        parents = [refused_json(ref, why) for ref, why in self.refused_parents]
        return {
            "scope": {"kind": self.scope.kind.value, "scope_id": self.scope.id},
            "snapshot_id": self.manifest.snapshot_id,
            "taken_at": utc_text(self.manifest.taken_at),
            "mode": self.mode.value,
            "creates_tables": self.creates_tables,
            "tables": [change_json(change) for change in self.changes if not change.empty or change.kept_different],
            "rows": self.rows,
            "linked_parents": [parent_json(parent) for parent in self.parents],
            "missing_parents": [link_json(link) for link in self.missing],
            "unlinked": [link_json(link) for link in self.unlinked],
            "mapping": [fit.to_json() for fit in self.fits],
            "dirty": [dirty_json(rows) for rows in self.dirty],
            "conflicts": [conflict_json(conflict) for conflict in self.conflicts],
            "silent_triggers": [silent_json(one) for one in self.silent],
            "left_behind": [{"table": str(table), "rows": rows} for table, rows in self.left_behind],
            "refused_snapshots": [*refused, *parents],
            "fingerprint": self.fingerprint,
        }


def make_plan(source: Source, archive: Archive, point: RecoveryPoint, terms: Terms = MERGE) -> RestorePlan:
    """Compare a recovery point with the database that `source` names; reads only.

    Raises SchemaChanged, ScopeNotFound (a table selection that selects nothing) and what opening a snapshot raises.
    """
    snapshot = point.snapshot(archive)
    with survey(source) as seen:
        return plan_against(Target.of(seen), archive, snapshot, point, terms)


def read_scope(target: Target, snapshot: OpenSnapshot, terms: Terms = MERGE) -> Reading:
    """What a session sees now of a snapshot's scope: all of it, or the tables that the terms name."""
    scope = snapshot.manifest.scope
    heads = Selection(terms, heads_for(target, FittedSnapshot(target, snapshot).names, scope)).heads
    return Reading(tuple(heads), read_live(target, scope, heads))


def plan_against(
    target: Target,
    archive: Archive,
    snapshot: OpenSnapshot,
    point: RecoveryPoint,
    terms: Terms,
    reading: Reading | None = None,
) -> RestorePlan:
    """The plan for what a session sees now; the same session later gives the same fingerprint, or rows have moved.

    A `reading` that was taken in the same transaction is not taken again; it holds at least the selected tables.
    """
    scope = snapshot.manifest.scope
    reading = reading or read_scope(target, snapshot, terms)
    fitted, selection = FittedSnapshot(target, snapshot), Selection(terms, reading.heads)
    draft, live = _drafted(target, fitted, terms.mode, selection, reading)
    opened = [fitted]

    def fit(snapshot: OpenSnapshot) -> FittedSnapshot:
        opened.append(FittedSnapshot(target, snapshot))
        return opened[-1]

    holders = Holders(archive, fitted, fit, terms.as_of)
    search = ParentSearch(holders, target.values_present, fitted)
    staying = {c.table: SealedTable(c.head, tuple(draft.expected[c.table])) for c in draft.changes}
    search.search([(c.head, c.written) for c in draft.changes], staying)
    draft.parents = search.found
    nullable = partial(nullable_in, target.catalog)
    links = open_links(draft.written(), search.lacks, nullable)
    lost = [link for link in links if not link.lack.dangling]
    unlinked = [link for link in lost if link.nullable and terms.consent.unlinked]
    draft.unlink(unlinked, live)
    missing = [link for link in lost if not (link.nullable and terms.consent.unlinked)]
    dangling = [link for link in open_links(draft.written(), search.lacks, nullable) if link.lack.dangling]
    dirty = dirty_rows(target, draft.writes(), dangling)
    fits = [fit for fit in all_fits(opened) if fit.after or selection.everything]
    accepted = terms.consent.drift
    return RestorePlan(
        scope=scope,
        manifest=snapshot.manifest,
        terms=terms,
        changes=tuple(draft.changes),
        parents=tuple(draft.parents),
        missing=tuple(missing),
        unlinked=tuple(unlinked),
        dirty=tuple(dirty),
        fits=tuple(fits),
        conflicts=(
            *drift_conflicts(fits, draft.writes(), accepted=accepted),
            *newcomers(archive, fitted, draft.changes, accepted=accepted or not fitted.moved),
            *draft.conflicts,
            *conflicts(target, scope, draft.changes, draft.parents, live, draft.expected, selection.covers),
            *missing_parents(missing),
            *dirt_conflicts(dirty, allowed=terms.consent.dirty),
            *missing_privileges(target, draft.writes(), (table for table, _ in search.relied_on)),
        ),
        silent=tuple(_silenced(target, draft.writes())),
        refused=tuple((snapshot_id, found[0].code.value) for snapshot_id, found in point.refused),
        refused_parents=tuple(holders.refused),
        left_behind=tuple(left_behind(target, fitted, selection, draft.writes())),
        fingerprint=fingerprint(draft.changes, live),
        live=live,
        expected=draft.expected,
        relied_on=search.relied_on,
    )


@dataclass
class _Draft:
    """A plan in the making."""

    changes: list[TableChange]
    expected: dict[TableName, Counter[bytes]]
    conflicts: list[PlanConflict]
    parents: list[LinkedParent] = field(default_factory=list)

    def writes(self) -> list[TableChange]:
        """The changes, and the parents to insert."""
        return [*self.changes, *(parent.as_change for parent in self.parents)]

    def written(self) -> list[tuple[TableHead, tuple[bytes, ...]]]:
        return [(change.head, change.written) for change in self.writes()]

    def unlink(self, links: Sequence[OpenLink], live: Mapping[TableName, Sequence[bytes]]) -> None:
        """Set links to NULL in whatever will be written, and in what is expected to be there afterwards."""
        if not links:
            return
        unlinking = Unlinking(links)
        self.expected = {c.table: unlinking.expected(c.head, self.expected[c.table]) for c in self.changes}
        self.changes = [unlinking.change(change, live[change.table]) for change in self.changes]
        self.parents = [unlinking.parent(parent) for parent in self.parents]


def _drafted(
    target: Target,
    snapshot: FittedSnapshot,
    mode: Mode,
    selection: Selection,
    reading: Reading,
) -> tuple[_Draft, dict[TableName, Sequence[bytes]]]:
    """The changes of the scope's own rows, but for those that are still there as somebody else's; and the rows now."""
    scope = snapshot.manifest.scope
    draft = _Draft([], {}, [])
    live: dict[TableName, Sequence[bytes]] = {}
    selection.require_found({head.table: lines_of(snapshot, head.table) for head in selection.heads}, reading.rows)
    for full in selection.heads:
        table = snapshot.table(full.table)
        head = table.head if table else full
        live[head.table] = project(reading.rows[head.table], full, head)
        sealed, _ = selection.pick(head, table.lines if table else ())
        now, rest = selection.pick(head, live[head.table])
        change = change_of(mode, head, sealed, now)
        draft.expected[head.table] = expected_after(mode, change, sealed, now) + Counter(rest)
        adopted, taken = adopt(target, scope, change)
        draft.changes.append(adopted)
        draft.conflicts += taken
    return draft, live


def _silenced(target: Target, writes: Sequence[TableChange]) -> list[Silenced]:
    """What somebody wrote to run on such changes, and what will not."""
    tables = list(dict.fromkeys(change.table for change in writes if not change.empty))
    return silenced(hooks(target.reader, tables), event_triggers(target.reader)) if tables else []
