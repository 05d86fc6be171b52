"""Whether the role may write what a plan writes; asked before anything is changed."""

from collections.abc import Iterable, Iterator, Sequence

from wedsync_dr.model import TableName, quoted
from wedsync_dr.restore.conflicts import PlanConflict
from wedsync_dr.restore.difference import TableChange
from wedsync_dr.restore.live import Target
from wedsync_dr.source.guards import Privileges, privileges, unmovable

CODE = "privilege-missing"


def missing_privileges(
    target: Target, changes: Sequence[TableChange], relied_on: Iterable[TableName]
) -> Iterator[PlanConflict]:
    """What the role lacks for each table that is written, and for those whose rows must be kept from going."""
    changes = [change for change in changes if not change.empty]
    tables = list(dict.fromkeys([*(change.table for change in changes), *relied_on]))
    if not changes:
        return
    known = privileges(target.reader, tables)
    lacks: dict[TableName, list[str]] = {table: [] for table in tables}
    for change in changes:
        lacks[change.table] += _lacks(change, known[change.table])
    for table in tables:
        if not known[table].lock and not lacks[table]:
            lacks[table].append("UPDATE")
    ((role,),) = target.reader.rows("SELECT current_user::text")
    for table, wanted in lacks.items():
        if wanted:
            what = ", ".join(dict.fromkeys(wanted))
            grant = f"GRANT {what} ON {table.sql} TO {quoted(role)};"
            yield PlanConflict(CODE, table, f"Role {role} lacks {what} on {table}.", grant)
    written = {change.table for change in changes if change.written}
    sequences = {one.name: one.table for one in target.catalog.sequences if one.table in written}
    for sequence in unmovable(target.reader, list(sequences)):
        grant = f"GRANT SELECT, UPDATE ON SEQUENCE {sequence.sql} TO {quoted(role)};"
        detail = f"Role {role} may not move sequence {sequence} past the restored rows."
        yield PlanConflict(CODE, sequences[sequence], detail, grant)


def _lacks(change: TableChange, may: Privileges) -> Iterator[str]:
    names, key = set(change.head.names), set(change.head.key)
    if change.inserts and (columns := names & may.no_insert):
        yield f"INSERT ({', '.join(quoted(name) for name in sorted(columns))})"
    if change.updates and (columns := (names - key) & may.no_update):
        yield f"UPDATE ({', '.join(quoted(name) for name in sorted(columns))})"
    if change.deletes and not may.delete:
        yield "DELETE"
