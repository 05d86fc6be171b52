"""What schema drift means for a plan: what is lost is asked for, what is impossible is refused."""

from collections.abc import Iterable, Iterator, Sequence

from wedsync_dr.model import ScopeId, TableName
from wedsync_dr.restore.conflicts import PlanConflict
from wedsync_dr.restore.difference import TableChange
from wedsync_dr.restore.fitting import FittedSnapshot
from wedsync_dr.restore.mapping import ColumnFit, Fit, TableFit
from wedsync_dr.vault.archive import Archive

LOSES, IMPOSSIBLE = "drift-loses", "drift-impossible"
_ASK = "--accept-drift restores without it; `wedsync-dr export` writes the rows as they were."
_RENAMED = "If it was renamed, say so under [[renamed]] in the rules."
_REFUSE = (
    "Restore into a database with the schema of the snapshot, choose other tables with --tables, or read the rows with"
    " `wedsync-dr export`."
)


def drift_conflicts(
    fits: Iterable[TableFit], writes: Sequence[TableChange], *, accepted: bool
) -> Iterator[PlanConflict]:
    """For tables that are written, and for those whose rows have no place."""
    for fit in fits:
        if fit.after is None:
            if fit.rows and not accepted:
                detail = f"{fit.rows} row(s) have no place: the database has no protected table {fit.before} any more."
                yield PlanConflict(LOSES, fit.before, detail, f"{_ASK} {_RENAMED}")
            continue
        written = [change for change in writes if change.table == fit.after and change.written]
        for column in fit.columns if written else ():
            inserts = any(change.inserts for change in written)
            yield from _column(fit.after, column, inserts=inserts, accepted=accepted)


def _column(table: TableName, column: ColumnFit, *, inserts: bool, accepted: bool) -> Iterator[PlanConflict]:
    name, _ = column.after or column.before or ("its key", "")
    if column.fit is Fit.IMPOSSIBLE and (inserts or not column.inserts_only):
        yield PlanConflict(IMPOSSIBLE, table, f"{name}: {column.why}.", _REFUSE)
    elif column.loses and not accepted:
        dropped = f" {_RENAMED}" if column.fit is Fit.DROPPED else ""
        yield PlanConflict(LOSES, table, f"{name} would lose values: {column.why}.", _ASK + dropped)


def newcomers(
    archive: Archive, snapshot: FittedSnapshot, changes: Iterable[TableChange], *, accepted: bool
) -> Iterator[PlanConflict]:
    """Tables that may not have existed when the snapshot was taken, and whose rows `replace` would delete.

    A snapshot does not list tables without rows; that a table existed is known where the vault has a snapshot of it as
    a platform table from then or before.
    """
    known = set(snapshot.names)
    for change in changes:
        if accepted or not change.deletes or change.table in known:
            continue
        refs = archive.vault.snapshots(scope=ScopeId.of_table(change.table))
        if not any(ref.taken_at <= snapshot.manifest.taken_at for ref in refs):
            detail = f"{len(change.deletes)} row(s) would be deleted; the table may have come after the snapshot."
            yield PlanConflict(
                LOSES, change.table, detail, "--accept-drift deletes them; or leave it out with --tables."
            )
