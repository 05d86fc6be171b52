"""What moved in the schema since the newest snapshots, and what that means for restores; no row is compared."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.model import SCHEMA, Kind, Manifest
from wedsync_dr.restore.casting import castable
from wedsync_dr.restore.live import Target
from wedsync_dr.restore.mapping import ColumnFit, Fit, TableFit, column_fits, table_now
from wedsync_dr.scope.survey import Source, survey
from wedsync_dr.snapshot.opening import open_object
from wedsync_dr.snapshot.sealed_rows import TableHead
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
                found |= dict.fromkeys(fit for head in _heads(archive, manifest) if (fit := _fit(target, head)).drifted)
    return Drifted(len(newest), len(moved), looked_into, tuple(sorted(found, key=lambda fit: fit.before)))


def _newest(archive: Archive) -> Iterator[Manifest]:
    """The newest manifests of rows that can be believed; damage is another check's business."""
    for scope in sorted({ref.scope for ref in archive.vault.snapshots()} - {SCHEMA}):
        try:
            manifest = archive.newest(scope)
        except DisasterRecoveryError:
            continue
        if manifest:
            yield manifest


def _heads(archive: Archive, manifest: Manifest) -> Iterator[TableHead]:
    """The tables that stand in the first part of each class."""
    for sealed in manifest.objects:
        if sealed.name.endswith("-0.parquet"):
            try:
                yield from (rows.head for rows in open_object(archive, manifest, sealed).tables())
            except DisasterRecoveryError:
                continue


def _fit(target: Target, head: TableHead) -> TableFit:
    layouts, rules = target.layouts, target.ownership.rules
    now = table_now(rules, head.table, frozenset(layouts))
    if now is None:
        return TableFit(head.table, None, (), 0)
    columns = column_fits(rules, head, layouts[now].head, target.catalog.tables[now])
    return TableFit(head.table, now, tuple(_tried(target, column) for column in columns), 0)


def _tried(target: Target, column: ColumnFit) -> ColumnFit:
    if column.fit is not Fit.CAST or column.before is None or column.after is None:
        return column
    old, new = column.before[1], column.after[1]
    if castable(target, old, new):
        return replace(column, why=f"{old} becomes {new}")
    return replace(column, fit=Fit.IMPOSSIBLE, why=f"{old} cannot become {new}")
