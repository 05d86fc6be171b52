"""Rows that fall to a scope by its restore, or to another one, whatever its snapshot holds.

A client whom two weddings share reaches both, so it is the platform's. Where the other wedding is lost, the client
reaches the restored one alone, and is that wedding's from then on. That is no difference: the row was there before,
somebody else's, or it came along as a linked parent, and the restore has not touched it. Where both are lost, a client
that the platform's restore brings back reaches its organization alone: it is there, and it is not the platform's.
"""

from collections import Counter
from collections.abc import Mapping

from wedsync_dr.model import TableName
from wedsync_dr.restore.live import Target, find, present
from wedsync_dr.restore.plan import RestorePlan
from wedsync_dr.snapshot.opening import SealedTable
from wedsync_dr.snapshot.sealed_rows import TableHead
from wedsync_dr.verification.closure import column_values

Rows = Mapping[TableName, Counter[bytes]]


def unexpected(plan: RestorePlan, live: Mapping[TableName, list[bytes]]) -> dict[TableName, Counter[bytes]]:
    """The rows that the scope has after the restore beyond those that the plan expects and the parents it brought."""
    brought: dict[TableName, Counter[bytes]] = {}
    for parent in plan.parents:
        brought.setdefault(parent.head.table, Counter()).update(parent.lines)
    found = {
        change.table: Counter(live[change.table]) - plan.expected[change.table] - brought.get(change.table, Counter())
        for change in plan.changes
    }
    return {table: rows for table, rows in found.items() if rows}


def stand_there(target: Target, head: TableHead, rows: Counter[bytes]) -> bool:
    """Whether the database holds each of the rows as it is, whoever's it is there; without a key nobody can tell."""
    if not head.key or max(rows.values(), default=1) > 1:
        return not rows
    keys = column_values(SealedTable(head, tuple(rows)), head.key)
    return {b"\t".join(line) + b"\n" for line in present(target, head.table, head.key, keys, head.names)} == set(rows)


def were_anothers(target: Target, plan: RestorePlan, rows: Rows) -> bool:
    """Whether each of the rows is there as it is, and is not the scope's. To be asked where nothing was written yet."""
    heads = {change.table: change.head for change in plan.changes}
    for table, wanted in rows.items():
        head = heads[table]
        if not head.key:
            return False
        keys = column_values(SealedTable(head, tuple(wanted)), head.key)
        found = find(target, table, head.key, keys, head.names)
        if Counter(b"\t".join(fields) + b"\n" for owner, fields in found if owner != plan.scope) != wanted:
            return False
    return True
