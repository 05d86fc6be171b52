"""Carrying out a plan. The only code that writes to a database that is not ours.

One transaction: lock, plan again, triggers off, delete children first, insert and update parents first, advance
sequences, hold
the parents that the rows rely on, read everything again and compare, commit. Whatever does not fit rolls everything
back.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from wedsync_dr.errors import Conflict, DisasterRecoveryError, PlanStale, RestoreNotEqual, SchemaChanged, SourceRefused
from wedsync_dr.model import TableName
from wedsync_dr.restore import allowed, drift
from wedsync_dr.restore.difference import TableChange
from wedsync_dr.restore.dirty import lifting
from wedsync_dr.restore.inherited import Rows, stand_there, unexpected, were_anothers
from wedsync_dr.restore.live import Target, read_live
from wedsync_dr.restore.parents import LinkedParent
from wedsync_dr.restore.permit import Permit
from wedsync_dr.restore.plan import RestorePlan, plan_against
from wedsync_dr.restore.resolve import RecoveryPoint
from wedsync_dr.restore.silence import GRANT, Silence
from wedsync_dr.restore.site import Site, open_site
from wedsync_dr.restore.statements import Statements
from wedsync_dr.restore.unchecked import require_unique
from wedsync_dr.scope.survey import Source
from wedsync_dr.source.guards import event_triggers, exclusions, hooks
from wedsync_dr.source.order import restore_order
from wedsync_dr.vault.archive import Archive


@dataclass(frozen=True)
class Applied:
    """A restore that was committed after the database was read again and found equal."""

    rows: dict[str, int]
    seconds: float


def apply_plan(
    source: Source,
    archive: Archive,
    point: RecoveryPoint,
    plan: RestorePlan,
    *,
    now: datetime,
    requested_by: str,
    permit: Permit[RestorePlan] | None = None,
) -> Applied:
    """Apply a plan to the database that `source` names, whole or not at all.

    Raises Conflict, PlanStale (rows moved since the plan was made), RestoreNotEqual, ScopeBusy, SourceRefused (with the
    GRANT that is missing), SourceUnreachable, and what a permit raises; after each of them the database is as it was
    before.
    """
    refuse_conflicts(plan)
    with open_site(source) as site, site.hold(plan.scope):
        return apply_at(site, archive, point, plan, now=now, requested_by=requested_by, permit=permit)


def apply_at(
    site: Site,
    archive: Archive,
    point: RecoveryPoint,
    plan: RestorePlan,
    *,
    now: datetime,
    requested_by: str,
    permit: Permit[RestorePlan] | None = None,
) -> Applied:
    """The same on a session that holds the scope already."""
    started = time.monotonic()
    story = {"kind": plan.scope.kind.value, "id": plan.scope.id, "snapshot_id": plan.manifest.snapshot_id}
    story |= {"mode": plan.mode.value, "requested_by": requested_by} | ({"request": permit.request} if permit else {})
    archive.ledger.append("restore-started", story, now)
    snapshot = point.snapshot(archive)
    with site.write() as seen:
        target = Target.of(seen)
        _lock(site, target, plan)
        again = plan_against(target, archive, snapshot, point, plan.terms)
        require_fresh(plan, again)
        refuse_conflicts(again)
        if permit:
            permit.claim(again)
        _write_and_compare(site, target, again)
    archive.ledger.append("restored", story | {"rows": plan.rows}, now)
    return Applied(plan.rows, time.monotonic() - started)


def require_fresh(plan: RestorePlan, again: RestorePlan) -> None:
    """Raise PlanStale where the plan, made again, is another one."""
    if (again.fingerprint, again.conflicts, again.fits) != (plan.fingerprint, plan.conflicts, plan.fits):
        raise PlanStale(
            f"Rows of {plan.scope} moved since the plan was made; nothing was changed.", remedy="Make a new plan."
        )


_REFUSALS: dict[str, type[DisasterRecoveryError]] = {
    allowed.CODE: SourceRefused,
    drift.LOSES: SchemaChanged,
    drift.IMPOSSIBLE: SchemaChanged,
}


def refuse_conflicts(plan: RestorePlan) -> None:
    """Raise where the plan has a conflict: SchemaChanged or SourceRefused where that is what the first one is about,
    else Conflict."""
    if plan.conflicts:
        first, count = plan.conflicts[0], len(plan.conflicts)
        raise _REFUSALS.get(first.code, Conflict)(
            f"{count} conflict(s) stand in the way; {first.table}: {first.detail}", remedy=first.remedy
        )


def _lock(site: Site, target: Target, plan: RestorePlan) -> None:
    """Lock the rows that go or change before it is asked who refers to them."""
    referred_to = {key.target for table in target.catalog.tables.values() for key in table.foreign_keys}
    statements = Statements(site.connection, target.catalog, enforced=False)
    for change in plan.changes:
        if change.table in referred_to:
            statements.lock(change.head, (*change.deletes, *change.updates))


def _carry_out(site: Site, target: Target, plan: RestorePlan) -> None:
    """Write while nothing else runs, then check what was left unchecked meanwhile."""
    writes = [*(parent.as_change for parent in plan.parents), *plan.changes]
    tables = list(dict.fromkeys(change.table for change in writes if not change.empty))
    excluding = exclusions(target.reader, tables)
    silence = Silence(site.connection, hooks(target.reader, tables), event_triggers(target.reader))
    enforced = silence.begin()
    if enforced and any(rows.check is None for rows in plan.dirty):
        raise SourceRefused(
            "The role may not write rows that refer to nothing: its foreign keys are enforced.", remedy=GRANT
        )
    statements = Statements(site.connection, target.catalog, enforced=enforced, exclusions=excluding)
    lift, put_back = lifting(plan.dirty)
    statements.alter(lift)
    _write(statements, plan, writes)
    statements.alter(put_back)
    silence.end()
    require_unique(target, writes, excluding)


def _write(statements: Statements, plan: RestorePlan, writes: Sequence[TableChange]) -> None:
    for change in plan.changes:
        statements.detach(change.head, change.updates, change.deletes)
    for change in reversed(plan.changes):
        statements.delete(change.head, change.deletes)
    place = {name: i for i, name in enumerate(restore_order(statements.catalog))}
    for change in sorted(writes, key=lambda change: place[change.table]):
        statements.update(change.head, change.updates)
        statements.insert(change.head, change.inserts)
    statements.close_cycles()
    for change in writes:
        if change.written:
            statements.advance_sequences(change.table)
    for (table, columns), values in plan.relied_on.items():
        if not statements.hold(table, columns, values):
            raise PlanStale(f"Rows of {table} that restored rows refer to went meanwhile.", remedy="Make a new plan.")


class _Inherits(Exception):
    """The scope has rows after the restore that the plan does not know; nothing is written any more."""

    def __init__(self, rows: Rows) -> None:
        super().__init__()
        self.rows = rows


def _write_and_compare(site: Site, target: Target, plan: RestorePlan) -> None:
    """Write, and compare; where rows fall to the scope that were another's before, once more, expecting those."""
    try:
        _try(site, target, plan, {})
    except _Inherits as found:
        if not were_anothers(target, plan, found.rows):
            raise _not_equal(list(found.rows)) from None
        try:
            _try(site, target, plan, found.rows)
        except _Inherits as others:
            raise _not_equal(list(others.rows)) from None


def _try(site: Site, target: Target, plan: RestorePlan, inherits: Rows) -> None:
    """Write, and compare; where the scope has other rows beyond its own than `inherits`, take it back: _Inherits."""
    with site.connection.transaction():
        _carry_out(site, target, plan)
        live = read_live(target, plan.scope, [change.head for change in plan.changes])
        _require_equal(target, plan, live)
        if (rows := unexpected(plan, live)) != inherits:
            raise _Inherits(rows)


def _require_equal(target: Target, plan: RestorePlan, live: Mapping[TableName, list[bytes]]) -> None:
    """Every row that must be there is, whoever's it is now, and so are the parents that were brought along."""
    missing = [(change.head, plan.expected[change.table] - Counter(live[change.table])) for change in plan.changes]
    different = [head.table for head, rows in missing if not stand_there(target, head, rows)]
    different += [parent.head.table for parent in plan.parents if not _is_there(target, parent)]
    if different:
        raise _not_equal(different)


def _not_equal(tables: Sequence[TableName]) -> RestoreNotEqual:
    names = ", ".join(map(str, tables[:5]))
    return RestoreNotEqual(
        f"After writing, {names} did not hold what the snapshot says; all was rolled back.",
        remedy="A rule or another session changes rows as they are written; look there, then try again.",
    )


def _is_there(target: Target, parent: LinkedParent) -> bool:
    """Whether the database holds exactly these rows; the rows of a table without a key were found by who needs them."""
    return not parent.head.key or stand_there(target, parent.head, Counter(parent.lines))
