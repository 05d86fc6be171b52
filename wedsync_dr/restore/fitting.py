"""Snapshots made to fit the database as it is now: renamed, laid out and cast, with every loss found on real values.

What a fitted row says is what the database must hold after a restore: casts are made by PostgreSQL when the plan is
made, and columns that the snapshot does not know are left out of every comparison.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from wedsync_dr.model import LinkedRow, Manifest, TableName
from wedsync_dr.restore.casting import cast
from wedsync_dr.restore.live import Target
from wedsync_dr.restore.mapping import ColumnFit, Fit, TableFit, column_fits, column_now, table_now
from wedsync_dr.snapshot.layout import split_key
from wedsync_dr.snapshot.opening import OpenSnapshot, SealedTable
from wedsync_dr.snapshot.sealed_rows import TableHead
from wedsync_dr.source.copytext import NULL, text_of

Followed = tuple[TableName, TableName, tuple[str, ...]]


class FittedSnapshot:
    """A snapshot in the names, types and layouts of a database. Tables are fitted when they are first asked for."""

    def __init__(self, target: Target, snapshot: OpenSnapshot) -> None:
        self._target, self._snapshot = target, snapshot
        self._rules, layouts = target.ownership.rules, target.layouts
        self._names = {name: table_now(self._rules, name, frozenset(layouts)) for name in snapshot.tables}
        self._before = {after: before for before, after in self._names.items() if after}
        self._tables: dict[TableName, SealedTable] = {}
        self.fits: dict[TableName, TableFit] = {}

    @property
    def manifest(self) -> Manifest:
        """Which snapshot it is."""
        return self._snapshot.manifest

    @cached_property
    def moved(self) -> bool:
        """Whether the schema is another one than the snapshot's."""
        return self.manifest.schema_fingerprint != self._target.catalog.fingerprint

    @property
    def names(self) -> list[TableName]:
        """The tables that have a place, by their names now."""
        return list(self._before)

    def table(self, name: TableName) -> SealedTable | None:
        """A table by its name now."""
        if name in self._before and name not in self._tables:
            sealed = self._snapshot.tables[self._before[name]]
            self._tables[name], self.fits[name] = self._fitted(sealed, name)
        return self._tables.get(name)

    @property
    def homeless(self) -> list[TableFit]:
        """Tables whose rows have no place any more."""
        return [
            TableFit(name, None, (), len(self._snapshot.tables[name].lines))
            for name, now in self._names.items()
            if now is None
        ]

    @cached_property
    def links(self) -> list[LinkedRow]:
        """The links, in today's names."""
        return [self._link(link) for link in self._snapshot.links]

    @cached_property
    def followed(self) -> set[Followed]:
        """The foreign keys whose links the snapshot lists: child, target, target's columns."""
        return {
            (self._now(name), *self._reference(key.target, key.target_columns))
            for name, table in self._snapshot.tables.items()
            for key in table.head.foreign_keys
        }

    def _link(self, link: LinkedRow) -> LinkedRow:
        table, columns = self._reference(link.table, link.columns)
        return replace(link, table=table, columns=columns)

    def _reference(self, before: TableName, columns: tuple[str, ...]) -> tuple[TableName, tuple[str, ...]]:
        now = self._now(before)
        layout = self._target.layouts.get(now)
        known = layout.head.names if layout else columns
        return now, tuple(column_now(self._rules, before, name, known) or name for name in columns)

    def _now(self, before: TableName) -> TableName:
        return table_now(self._rules, before, frozenset(self._target.layouts)) or before

    def _fitted(self, sealed: SealedTable, name: TableName) -> tuple[SealedTable, TableFit]:
        live, table = self._target.layouts[name].head, self._target.catalog.tables[name]
        if sealed.head.columns == live.columns and sealed.head.table == name:
            fits = [ColumnFit(Fit.SAME, column, column) for column in live.columns]
            lines: Sequence[bytes] = sealed.lines
        else:
            fits, lines = self._mapped(sealed, list(column_fits(self._rules, sealed.head, live, table)))
        head = restricted(live, [fit.after[0] for fit in fits if fit.after and _carried(fit)])
        moved = self.moved
        columns = tuple(checked(fit, head, lines, self._target, moved=moved) for fit in fits)
        if why := _lost_key(live, head, lines):
            columns = (*columns, ColumnFit(Fit.IMPOSSIBLE, None, None, why))
        return SealedTable(head, tuple(lines)), TableFit(sealed.head.table, name, columns, len(sealed.lines))

    def _mapped(self, sealed: SealedTable, fits: list[ColumnFit]) -> tuple[list[ColumnFit], list[bytes]]:
        """The lines with the columns of the fits that have both sides, in that order, cast where types differ."""
        rows = [line[:-1].split(b"\t") for line in sealed.lines]
        place = {column: i for i, column in enumerate(sealed.head.names)}
        columns: list[list[bytes]] = []
        tried = []
        for fit in fits:
            values = [row[place[fit.before[0]]] for row in rows] if fit.before else []
            if fit.fit is Fit.CAST:
                fit, values = cast(self._target, fit, values)
            elif fit.fit is Fit.DROPPED:
                fit = replace(fit, loses=any(value != NULL for value in values))
            tried.append(fit)
            if _carried(fit):
                columns.append(values)
        return tried, [b"\t".join(fields) + b"\n" for fields in zip(*columns, strict=True)] if columns else []


def _carried(fit: ColumnFit) -> bool:
    """Whether values of the snapshot stand in this column."""
    return bool(fit.before and fit.after) and fit.fit is not Fit.IMPOSSIBLE


def restricted(head: TableHead, names: Sequence[str]) -> TableHead:
    """A head with some of its columns; without its key where a part of it is not among them."""
    if len(names) == len(head.columns):
        return head
    return TableHead(
        head.table,
        tuple((name, kind) for name, kind in head.columns if name in names),
        head.key if set(head.key) <= set(names) else (),
        tuple(key for key in head.foreign_keys if set(key.columns) <= set(names)),
    )


def project(lines: Sequence[bytes], full: TableHead, head: TableHead) -> Sequence[bytes]:
    """Rows with only the columns of `head`."""
    if head.names == full.names:
        return lines
    positions = full.positions(head.names)
    return [b"\t".join([row[i] for i in positions]) + b"\n" for row in (line[:-1].split(b"\t") for line in lines)]


def _lost_key(live: TableHead, head: TableHead, lines: Sequence[bytes]) -> str:
    if live.key and not head.key:
        return "the key has a column now that the snapshot does not know, so rows cannot be told apart"
    if head.key and len({split_key(line, len(head.key)) for line in lines}) < len(lines):
        return "rows of the snapshot have the same key now"
    return ""


def checked(fit: ColumnFit, head: TableHead, lines: Sequence[bytes], target: Target, *, moved: bool) -> ColumnFit:
    """The fit, or why the values do not fit although the column is there."""
    if not (fit.before and fit.after) or fit.fit is Fit.IMPOSSIBLE:
        return fit
    column = target.catalog.tables[head.table].column[fit.after[0]]
    labels, never_null = target.enum_labels.get(column.base_type), moved and column.not_null
    if not (labels or never_null) or column.name in head.key:
        return fit
    place = head.names.index(column.name)
    found = {line[:-1].split(b"\t", place + 1)[place] for line in lines}
    if never_null and NULL in found:
        return replace(fit, fit=Fit.IMPOSSIBLE, why="it may not be NULL any more, and rows of the snapshot are")
    if labels and any(text_of(value) not in labels for value in found - {NULL}):
        return replace(fit, fit=Fit.IMPOSSIBLE, why=f"{column.base_type} lacks labels that rows of the snapshot have")
    return fit


def lines_of(snapshot: FittedSnapshot, name: TableName) -> tuple[bytes, ...]:
    """The rows of a table by its name now; none where the snapshot has none."""
    table = snapshot.table(name)
    return table.lines if table else ()


def all_fits(snapshots: Sequence[FittedSnapshot]) -> Iterator[TableFit]:
    """Every table that was fitted and is not as it was, each difference once."""
    seen: set[TableFit] = set()
    for snapshot in snapshots:
        for fit in (*snapshot.homeless, *snapshot.fits.values()):
            if fit.drifted and replace(fit, rows=0) not in seen:
                seen.add(replace(fit, rows=0))
                yield fit
