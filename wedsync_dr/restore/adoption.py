"""Rows that are still in the database although the scope has lost them: their root row is gone, so they are nobody's.

A wedding's documents without a foreign key survive the wedding. Such a row is not inserted again: once the root row
is back, it is
the wedding's again. It counts only if it is exactly the sealed row; another content is a conflict.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from wedsync_dr.model import ScopeId
from wedsync_dr.restore.conflicts import PlanConflict
from wedsync_dr.restore.difference import TableChange
from wedsync_dr.restore.live import Target, find
from wedsync_dr.snapshot.layout import split_key
from wedsync_dr.snapshot.opening import SealedTable
from wedsync_dr.verification.closure import column_values


def adopt(target: Target, scope: ScopeId, change: TableChange) -> tuple[TableChange, list[PlanConflict]]:
    """The change without the rows that are already there, and a conflict where another row has the key of one to
    insert."""
    if not change.inserts:
        return change, []
    found = list(_others(target, scope, change))
    present = Counter(line for _, line in found)
    missing = Counter(change.inserts) - present
    kept = tuple(line for line in change.inserts if missing[line])
    if not change.head.key:
        return replace(change, inserts=tuple(missing.elements())), []
    width = len(change.head.key)
    wanted = {split_key(line, width) for line in kept}
    taken = [owner for owner, line in found if split_key(line, width) in wanted]
    return replace(change, inserts=kept), _conflict(change, taken)


def _others(target: Target, scope: ScopeId, change: TableChange) -> Iterator[tuple[ScopeId, bytes]]:
    """Rows of other owners that could be rows to insert: with the same key, or referring to the same rows."""
    head = change.head
    inserts = SealedTable(head, change.inserts)
    ways = [head.key] if head.key else target.ownership.step_columns(change.table, scope.kind)[:1]
    for columns in ways:
        for owner, fields in find(target, change.table, columns, column_values(inserts, columns), head.names):
            if owner != scope:
                yield owner, b"\t".join(fields) + b"\n"


def _conflict(change: TableChange, taken: list[ScopeId]) -> list[PlanConflict]:
    if not taken:
        return []
    who = ", ".join(sorted({str(owner) for owner in taken})[:3])
    detail = f"{len(taken)} row(s) with the same key, but not the same row, now belong to {who}."
    return [PlanConflict("owned-by-other", change.table, detail)]
