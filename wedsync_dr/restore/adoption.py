"""Rows that are still in the database although the scope has lost them: their root row is gone, so they are nobody's.

A wedding's documents without a foreign key survive the wedding. Such a row is not inserted again: once the root row
is back, it is the wedding's again. It counts only if it is exactly the sealed row; another content is a conflict.

A row to insert is none of the scope's now, so whoever has its key is somebody else; who, is asked only of those in the
way.
"""

from collections import Counter
from dataclasses import replace

from wedsync_dr.model import ScopeId
from wedsync_dr.restore.conflicts import PlanConflict
from wedsync_dr.restore.difference import TableChange
from wedsync_dr.restore.live import Target, find, present
from wedsync_dr.snapshot.layout import split_key
from wedsync_dr.snapshot.opening import SealedTable
from wedsync_dr.verification.closure import column_values


def adopt(target: Target, scope: ScopeId, change: TableChange) -> tuple[TableChange, list[PlanConflict]]:
    """The change without the rows that are already there, and a conflict where another row has the key of one to
    insert."""
    if not change.inserts:
        return change, []
    if not change.head.key:
        return replace(change, inserts=_without_others(target, scope, change)), []
    head = change.head
    width = len(head.key)
    values = column_values(SealedTable(head, change.inserts), head.key)
    there = {b"\t".join(fields) + b"\n" for fields in present(target, change.table, head.key, values, head.names)}
    kept = tuple(line for line in change.inserts if line not in there)
    wanted = {split_key(line, width) for line in kept}
    taken = sorted(key for line in there if (key := split_key(line, width)) in wanted)
    owners = [owner for owner, _ in find(target, change.table, head.key, taken, head.key)]
    return replace(change, inserts=kept), _conflict(change, [owner for owner in owners if owner != scope])


def _without_others(target: Target, scope: ScopeId, change: TableChange) -> tuple[bytes, ...]:
    """Rows to insert into a table without a key, but for those that somebody else's rows are already."""
    head = change.head
    found: Counter[bytes] = Counter()
    for columns in target.ownership.step_columns(change.table, scope.kind)[:1]:
        values = column_values(SealedTable(head, change.inserts), columns)
        for owner, fields in find(target, change.table, columns, values, head.names):
            found[b"\t".join(fields) + b"\n"] += owner != scope
    return tuple((Counter(change.inserts) - found).elements())


def _conflict(change: TableChange, taken: list[ScopeId]) -> list[PlanConflict]:
    if not taken:
        return []
    who = ", ".join(sorted({str(owner) for owner in taken})[:3])
    detail = f"{len(taken)} row(s) with the same key, but not the same row, now belong to {who}."
    return [PlanConflict("owned-by-other", change.table, detail)]
