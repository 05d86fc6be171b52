"""What moved in the schema since the newest snapshots, and what that means for restores.

No row is compared; values are looked at only where a column may not hold them any more.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.model import SCHEMA, Kind, Manifest, TableName
from wedsync_dr.restore.casting import cast
from wedsync_dr.restore.fitting import checked
from wedsync_dr.restore.live import Target
from wedsync_dr.restore.mapping import ColumnFit, Fit, TableFit, column_fits, column_now, table_now
from wedsync_dr.scope.survey import Source, survey
from wedsync_dr.snapshot.opening import lines_of, open_object
from wedsync_dr.snapshot.sealed_rows import TableHead, TableRows
from wedsync_dr.vault.archive import Archive

SAMPLE = 20  # of weddings and of vendors whose schema was another one; a platform table is always looked at

MEANS = {
    Fit.SAME: "Restores follow the rename that the rules declare.",
    Fit.DEFAULT: "Restores go on: rows that are inserted get the default.",
    Fit.CAST: "Restores cast the values; where one comes out different they ask for --accept-drift.",
    Fit.DROPPED: "Restores ask for --accept-drift where there were values. If it was renamed, declare [[renamed]].",
    Fit.IMPOSSIBLE: "Restores of the table are refused where it matters; a copy or `wedsync-dr export` still works.",
}


@dataclass(frozen=True)
class Drifted:
    """How many scopes have a snapshot, how many of the newest are of another schema, how many of those were looked
    into, and what does not fit."""

    compared: int
    other_schema: int
    looked_into: int
    tables: tuple[TableFit, ...]

    def columns(self) -> Iterator[tuple[TableFit, ColumnFit]]:
        """Every column that is not as it was."""
        for table in self.tables:
            for column in table.columns:
                renamed = column.before and column.after and column.before[0] != column.after[0]
                if column.fit is not Fit.SAME or renamed:
                    yield table, column


def drift_since(source: Source, archive: Archive) -> Drifted:
    """Compare the newest snapshots' tables and columns with the database's. Raises what reading the source raises."""
    with survey(source) as seen:
        target = Target.of(seen)
        newest = list(_newest(archive))
        moved = [m for m in newest if m.schema_fingerprint != seen.catalog.fingerprint]
        taken: Counter[Kind] = Counter()
        found: dict[TableFit, None] = {}
        looked_into = 0
        for manifest in moved:
            taken[manifest.scope.kind] += 1
            if manifest.scope.kind is Kind.PLATFORM or taken[manifest.scope.kind] <= SAMPLE:
                looked_into += 1
                fits = (_fit(target, rows) for rows in _tables(archive, manifest))
                found |= dict.fromkeys(fit for fit in fits if fit.drifted)
    return Drifted(len(newest), len(moved), looked_into, tuple(sorted(found, key=lambda fit: fit.before)))


def _newest(archive: Archive) -> Iterator[Manifest]:
    """The newest manifests that can be believed, of scopes with rows; damage is another check's business."""
    for scope in sorted({ref.scope for ref in archive.vault.snapshots()} - {SCHEMA}):
        try:
            manifest = archive.newest(scope)
        except DisasterRecoveryError:
            continue
        if manifest:
            yield manifest


def _tables(archive: Archive, manifest: Manifest) -> Iterator[TableRows]:
    """The tables that stand in the first part of each class."""
    for sealed in manifest.objects:
        if sealed.name.endswith("-0.parquet"):
            try:
                yield from open_object(archive, manifest, sealed).tables()
            except DisasterRecoveryError:
                continue


def _fit(target: Target, rows: TableRows) -> TableFit:
    head, layouts, rules = rows.head, target.layouts, target.ownership.rules
    now = table_now(rules, head.table, frozenset(layouts))
    if now is None:
        return TableFit(head.table, None, (), 0)
    columns = column_fits(rules, head, layouts[now].head, target.catalog.tables[now])
    today, lines = _called_today(target, head, now), lines_of(rows.text)
    return TableFit(head.table, now, tuple(_tried(target, column, today, lines) for column in columns), 0)


def _called_today(target: Target, head: TableHead, now: TableName) -> TableHead:
    """The same columns under the names that they have now, where they have one."""
    rules, known = target.ownership.rules, target.layouts[now].head.names
    names = {name: column_now(rules, head.table, name, known) or name for name in head.names}
    key = tuple(names[name] for name in head.key)
    return TableHead(now, tuple((names[name], kind) for name, kind in head.columns), key)


def _tried(target: Target, column: ColumnFit, today: TableHead, lines: Sequence[bytes]) -> ColumnFit:
    if column.fit is Fit.CAST and column.after:
        place = today.names.index(column.after[0])
        return cast(target, column, [line[:-1].split(b"\t", place + 1)[place] for line in lines])[0]
    return checked(column, today, lines, target, moved=True) if column.fit is Fit.SAME else column
