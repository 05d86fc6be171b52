"""Dirty rows: rows of the source that break a constraint of their own table, as those older than a NOT VALID
constraint may.

They are found in the plan by evaluating what the constraint says, and written only where that is agreed to.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from wedsync_dr.model import TableName, quoted
from wedsync_dr.restore.conflicts import PlanConflict
from wedsync_dr.restore.difference import TableChange
from wedsync_dr.restore.live import Target
from wedsync_dr.restore.unlinked import OpenLink
from wedsync_dr.snapshot.sealed_rows import TableHead
from wedsync_dr.source.catalog import Table
from wedsync_dr.source.copytext import texts_of
from wedsync_dr.source.guards import Check, checks
from wedsync_dr.source.literal import array, literal

_AT_ONCE = 2_000
_PLACE = '"wedsync-dr place"'


@dataclass(frozen=True)
class DirtyRows:
    """Rows to write that break a constraint; `check` is the one to lift while they are written, None for a foreign
    key. `bearable`: the constraint may be put back over such rows."""

    head: TableHead
    constraint: str
    lines: tuple[bytes, ...] = field(repr=False)
    check: Check | None
    bearable: bool


def dirty_rows(target: Target, writes: Sequence[TableChange], dangling: Iterable[OpenLink]) -> list[DirtyRows]:
    """Rows to write that refer to nothing, as they did when the snapshot was taken, or that a CHECK refuses."""
    found = list(_dangling(target, dangling))
    by_table = {change.table: change for change in writes if change.written}
    for check in checks(target.reader, list(by_table)) if by_table else ():
        found += _refused(target, [change for change in writes if change.table == check.table], check)
    return found


def dirt_conflicts(dirty: Iterable[DirtyRows], *, allowed: bool) -> Iterator[PlanConflict]:
    """What is not agreed to, or cannot be."""
    for rows in dirty:
        what = f"{len(rows.lines)} row(s) of {rows.head.table} break {rows.constraint}"
        if not rows.bearable:
            detail = f"{what}, which was validated since the snapshot was taken."
            remedy = f"Drop {rows.constraint} or declare it NOT VALID, or choose other tables with --tables."
            yield PlanConflict("check-refuses", rows.head.table, detail, remedy)
        elif not allowed:
            remedy = "--allow-dirty restores them as they were; or mend them in the platform afterwards from `export`."
            yield PlanConflict("dirty-rows", rows.head.table, f"{what}, as they did in the source.", remedy)


def _dangling(target: Target, links: Iterable[OpenLink]) -> Iterator[DirtyRows]:
    groups: dict[tuple[TableName, str], list[OpenLink]] = {}
    for link in links:
        known = target.catalog.tables[link.head.table].foreign_keys
        names = [k.name for k in known if (k.columns, k.target) == (link.key.columns, link.key.target)]
        groups.setdefault((link.head.table, names[0] if names else ", ".join(link.key.columns)), []).append(link)
    for (_, name), found in groups.items():
        yield DirtyRows(found[0].head, name, tuple(link.line for link in found), None, bearable=True)


def _refused(target: Target, writes: Iterable[TableChange], check: Check) -> Iterator[DirtyRows]:
    for change in writes:
        if broken := tuple(_breaking(target, change, check)):
            yield DirtyRows(change.head, check.name, broken, check, bearable=not check.validated)


def _breaking(target: Target, change: TableChange, check: Check) -> Iterator[bytes]:
    """The rows that a CHECK refuses. What cannot be evaluated is left to PostgreSQL, which refuses it when written."""
    table, head = target.catalog.tables[change.table], change.head
    if not _evaluable(table, head, check):
        return
    for start in range(0, len(change.written), _AT_ONCE):
        lines = change.written[start : start + _AT_ONCE]
        for place in target.reader.attempt(_question(table, head, check, lines)) or ():
            yield lines[int(place) - 1]


def _evaluable(table: Table, head: TableHead, check: Check) -> bool:
    return all(name in head.names or table.column[name].generated for name in check.columns)


def _question(table: Table, head: TableHead, check: Check, lines: Sequence[bytes]) -> str:
    """The places of the lines for which the CHECK is false."""
    generated = [name for name in check.columns if table.column[name].generated]
    names = head.names if generated else tuple(name for name in check.columns if name in head.names)
    positions = head.positions(names)
    fields = [line[:-1].split(b"\t") for line in lines]
    columns = [array(texts_of([row[i] for row in fields])) for i in positions]
    values = ", ".join(f"pg_catalog.unnest({column})" for column in columns) or f"unnest({array([''] * len(lines))})"
    aliases = ", ".join([*(f"v{i}" for i in range(max(1, len(names)))), _PLACE])
    casts = [f"v{i}::{table.column[name].base_type} AS {quoted(name)}" for i, name in enumerate(names)]
    rows = f"SELECT {', '.join([*casts, _PLACE])} FROM ROWS FROM ({values}) WITH ORDINALITY AS v ({aliases})"
    more = ", ".join(["given.*", *(f"({table.column[name].default}) AS {quoted(name)}" for name in generated)])
    return f"SELECT {_PLACE} FROM (SELECT {more} FROM ({rows}) AS given) AS t WHERE ({check.expression}) IS FALSE"


def lifting(dirty: Iterable[DirtyRows]) -> tuple[list[str], list[str]]:
    """The statements that lift the constraints which the rows break, and those that put them back as they were."""
    lifted = list({(rows.head.table, rows.constraint): rows.check for rows in dirty if rows.check}.items())
    off = [f"ALTER TABLE {table.sql} DROP CONSTRAINT {quoted(name)}" for (table, name), _ in lifted]
    back = []
    for (table, name), check in lifted:
        back.append(f"ALTER TABLE {table.sql} ADD CONSTRAINT {quoted(name)} {check.definition}")
        if check.comment is not None:
            back.append(f"COMMENT ON CONSTRAINT {quoted(name)} ON {table.sql} IS {literal(check.comment)}")
    return off, back
