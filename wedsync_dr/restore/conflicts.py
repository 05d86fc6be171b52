"""What stands in the way of a restore, found before anything is changed."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from wedsync_dr.model import ScopeId, TableName
from wedsync_dr.restore.difference import TableChange
from wedsync_dr.restore.live import Target, find
from wedsync_dr.restore.parents import LinkedParent
from wedsync_dr.restore.unlinked import OpenLink
from wedsync_dr.snapshot.layout import split_key
from wedsync_dr.snapshot.opening import SealedTable
from wedsync_dr.snapshot.sealed_rows import ForeignKey
from wedsync_dr.verification.closure import column_values

_KEEP = "Use --mode merge, which deletes nothing, or restore or remove those rows first; then make a new plan."
REMEDY = "Settle it in the platform, or choose tables with --tables; then make a new plan."


Covers = Callable[[TableName, tuple[bytes, ...]], bool]
"""Whether a row of the scope, by its table and key, is one that the restore is about."""


@dataclass(frozen=True)
class PlanConflict:
    """A reason why the plan cannot be applied, and what to do: a stable code, the table, and what (counts and names,
    never values)."""

    code: str
    table: TableName
    detail: str
    remedy: str = REMEDY


def conflicts(
    target: Target,
    scope: ScopeId,
    changes: Sequence[TableChange],
    parents: Iterable[LinkedParent],
    live: Mapping[TableName, Sequence[bytes]],
    expected: Mapping[TableName, Counter[bytes]],
    covers: Covers,
) -> Iterator[PlanConflict]:
    """What rows that are there have against the changes and the parents to insert."""
    for change in changes:
        yield from _taken_unique_keys(target, scope, change)
        yield from _still_referenced(target, scope, change, live[change.table], expected[change.table], covers)
    for parent in parents:
        yield from _taken_unique_keys(target, scope, parent.as_change, primary=True)


def missing_parents(links: Iterable[OpenLink]) -> Iterator[PlanConflict]:
    """Rows that written rows refer to and that nothing holds, one conflict for each foreign key and owner."""
    groups: dict[tuple[TableName, ForeignKey, ScopeId | None], list[OpenLink]] = {}
    for link in links:
        groups.setdefault((link.head.table, link.key, link.lack.owner), []).append(link)
    for (child, key, owner), found in groups.items():
        where = "in no recovery point of" if found[0].lack.known else "lost with"
        why = "" if found[0].lack.known else ", which has no recovery point"
        values, columns = len({link.value for link in found}), ", ".join(key.columns)
        detail = f"{len(found)} row(s) of {child} ({columns}) refer to {values} row(s) that are {where} {owner}{why}."
        cure = "--allow-unlinked sets these links to NULL"
        if not found[0].nullable:
            cure = f"{columns} of {child} may not be NULL, so choose other tables with --tables"
        yield PlanConflict("missing-parent", key.target, detail, f"Bring the row back first, or: {cure}.")


def _taken_unique_keys(
    target: Target, scope: ScopeId, change: TableChange, *, primary: bool = False
) -> Iterator[PlanConflict]:
    """Natural keys of rows to write that a row which stays already has."""
    head = change.head
    if not head.key or not change.written:
        return
    width = len(head.key)
    going = {split_key(line, width) for line in (*change.written, *change.deletes)}
    for unique in target.catalog.tables[head.table].unique_keys:
        if (
            (unique.primary and not primary)
            or unique.partial_or_expression
            or not set(unique.columns) <= set(head.names)
        ):
            continue
        values = column_values(SealedTable(head, change.written), unique.columns)
        found = find(target, head.table, unique.columns, values, head.key)
        hits = [owner for owner, key in found if unique.primary or key not in going]
        if hits:
            who = ", ".join(sorted({"this scope" if owner == scope else str(owner) for owner in hits})[:3])
            detail = f"{len(hits)} value(s) of unique key {unique.name} are taken by rows of {who}."
            yield PlanConflict("unique-key-taken", head.table, detail)


def _still_referenced(
    target: Target,
    scope: ScopeId,
    change: TableChange,
    live: Sequence[bytes],
    after: Iterable[bytes],
    covers: Covers,
) -> Iterator[PlanConflict]:
    """Values that go, with rows or by updates, while rows refer to them which the plan does not cover: another
    owner's, or of a table not selected."""
    gone = _going(change, live)
    if not gone.lines:
        return
    staying = SealedTable(change.head, tuple(after))
    for child in target.catalog.tables.values():
        for key in child.foreign_keys:
            if key.target != change.table:
                continue
            values = column_values(gone, key.target_columns)
            values -= column_values(staying, key.target_columns) if values else set()
            hits = find(target, child.name, key.columns, values, child.primary_key or key.columns)
            others = [owner for owner, row in hits if owner != scope or not covers(child.name, row)]
            if others:
                who = ", ".join(sorted({str(owner) for owner in others})[:3])
                detail = (
                    f"{len(others)} row(s) of {child.name} that belong to {who} refer to rows that would be deleted"
                    " or lose that key."
                )
                yield PlanConflict("still-referenced", change.table, detail, _KEEP)


def _going(change: TableChange, live: Sequence[bytes]) -> SealedTable:
    """The rows as they are now that are deleted or updated."""
    width = len(change.head.key)
    updated = {split_key(line, width) for line in change.updates} if width else set()
    before = [line for line in live if split_key(line, width) in updated] if updated else []
    return SealedTable(change.head, (*change.deletes, *before))
