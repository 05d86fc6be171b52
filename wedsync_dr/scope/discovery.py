"""Which scopes the source has, and when their weddings are."""

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from wedsync_dr.model import Kind, ScopeId, TableName
from wedsync_dr.scope.names import ColumnName
from wedsync_dr.scope.owners import Root
from wedsync_dr.scope.ownership import ResolvedOwnership
from wedsync_dr.source.catalog import Catalog, Table
from wedsync_dr.source.copytext import text_of
from wedsync_dr.source.session import Reader

_DATE_NAMES = ("wedding_date", "event_date", "date")
_END_NAMES = ("end_date", "wedding_end_date", "event_end_date")
_ZONE_NAMES = ("time_zone", "timezone")


@dataclass(frozen=True)
class ScopeInfo:
    """A scope of the source. A wedding of several days has an `end_date`; `booked` are a vendor's weddings."""

    scope: ScopeId
    date: datetime.date | None = None
    time_zone: str | None = None
    end_date: datetime.date | None = None
    booked: tuple["ScopeInfo", ...] = ()


def discover(
    reader: Reader, catalog: Catalog, ownership: ResolvedOwnership, wanted: Collection[ScopeId] | None = None
) -> list[ScopeInfo]:
    """Every wedding, vendor and platform table, or those of `wanted` that exist, sorted by id.

    A read that failed raises; it is never an empty answer.
    """
    tables = [ScopeInfo(ScopeId.of_table(name)) for name in catalog.tables if name not in ownership.left_out]
    wanted = None if wanted is None else {scope for scope in wanted if ownership.possible(scope)}
    if wanted is not None and all(scope.kind is not Kind.VENDOR for scope in wanted):
        chosen = [scope for scope in wanted if scope.kind is Kind.WEDDING]
        found = [*_weddings(reader, catalog, ownership, chosen), *tables]
    else:
        found = [*_all_owners(reader, catalog, ownership), *tables]
    return sorted((info for info in found if wanted is None or info.scope in wanted), key=lambda info: info.scope)


def weddings(reader: Reader, catalog: Catalog, ownership: ResolvedOwnership) -> list[ScopeInfo]:
    """Every wedding with its date, sorted by id; without looking at vendors and what they are booked for."""
    return sorted(_weddings(reader, catalog, ownership, None), key=lambda info: info.scope)


def _all_owners(reader: Reader, catalog: Catalog, ownership: ResolvedOwnership) -> list[ScopeInfo]:
    weddings = _weddings(reader, catalog, ownership, None)
    booked = _booked(reader, catalog, ownership, {info.scope: info for info in weddings})
    vendors = [
        ScopeInfo(scope, booked=tuple(booked.get(scope, ())))
        for root in ownership.roots(Kind.VENDOR)
        for scope, *_ in _root_scopes(reader, ownership, root.table, (), None)
    ]
    return [*weddings, *vendors]


def _weddings(
    reader: Reader, catalog: Catalog, ownership: ResolvedOwnership, wanted: Sequence[ScopeId] | None
) -> list[ScopeInfo]:
    found = []
    for root in ownership.roots(Kind.WEDDING):
        day, end, zone = _date_columns(catalog.tables[root.table], ownership)
        columns = tuple(dict.fromkeys(name for name in (day, end, zone) if name))
        for scope, *values in _root_scopes(reader, ownership, root.table, columns, wanted):
            given = dict(zip(columns, values, strict=True))
            last = _day(given.get(end or ""))
            found.append(ScopeInfo(scope, _day(given.get(day or "")), given.get(zone or ""), last))
    return found


def _root_scopes(
    reader: Reader,
    ownership: ResolvedOwnership,
    table: TableName,
    columns: tuple[str, ...],
    wanted: Sequence[ScopeId] | None,
) -> list[tuple[ScopeId, *tuple[str | None, ...]]]:
    """The scopes whose own root row stands in this table, with columns. A row of an earlier root's scope is none."""
    found: list[tuple[ScopeId, *tuple[str | None, ...]]] = []
    sql = ownership.select_roots(table, columns, wanted)
    for line in reader.copy(sql):
        owner, *values = bytes(line)[:-1].split(b"\t")
        found.append((ownership.owner(table, owner), *(text_of(value) for value in values)))
    return found


def _date_columns(table: Table, ownership: ResolvedOwnership) -> tuple[str | None, str | None, str | None]:
    """The columns that hold the date, the last day and the time zone of a wedding: by rule, else by their names and
    types."""
    days = [column.name for column in table.columns if column.type == "date"]
    end = _ruled(ownership.rules.end_date, table) or next((name for name in _END_NAMES if name in days), None)
    days = [name for name in days if name != end]
    day = _ruled(ownership.rules.wedding_date, table) or next((name for name in _DATE_NAMES if name in days), None)
    zone = _ruled(ownership.rules.time_zone, table) or next(
        (name for name in _ZONE_NAMES if name in table.column), None
    )
    return day or (days[0] if len(days) == 1 else None), end, zone


def _ruled(column: ColumnName | None, table: Table) -> str | None:
    return column.column if column and column.table == table.name else None


def _day(text: str | None) -> datetime.date | None:
    """A date that Python can hold; `infinity` and dates before Christ are no wedding's."""
    try:
        return datetime.date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None


def _booked(
    reader: Reader, catalog: Catalog, ownership: ResolvedOwnership, weddings: dict[ScopeId, ScopeInfo]
) -> dict[ScopeId, list[ScopeInfo]]:
    """The weddings whose rows name a vendor by a foreign key of their own."""
    booked: defaultdict[ScopeId, list[ScopeInfo]] = defaultdict(list)
    roots = {root.table: root for root in ownership.roots(Kind.VENDOR)}
    vendors = {table: dict(_vendor_keys(reader, ownership, root)) for table, root in roots.items()}
    for table in catalog.tables.values():
        if table.name in roots or Kind.WEDDING not in ownership.kinds(table.name):
            continue
        for key in table.foreign_keys:
            if key.target in roots and key.target_columns == roots[key.target].key:
                for wedding, vendor in _pairs(reader, ownership, table, key.columns, vendors[key.target]):
                    if wedding in weddings:
                        booked[vendor].append(weddings[wedding])
    return booked


def _pairs(
    reader: Reader,
    ownership: ResolvedOwnership,
    table: Table,
    columns: tuple[str, ...],
    vendors: Mapping[tuple[bytes, ...], ScopeId],
) -> Iterator[tuple[ScopeId, ScopeId]]:
    """Each wedding with each vendor that one of its rows names."""
    for line in reader.copy(ownership.select_of_weddings(table.name, columns)):
        owner, *key = bytes(line)[:-1].split(b"\t")
        if vendor := vendors.get(tuple(key)):
            yield ownership.owner(table.name, owner), vendor


def _vendor_keys(
    reader: Reader, ownership: ResolvedOwnership, root: Root
) -> Iterator[tuple[tuple[bytes, ...], ScopeId]]:
    for line in reader.copy(ownership.select_all(root.table, root.key)):
        owner, *values = bytes(line)[:-1].split(b"\t")
        yield tuple(values), ownership.owner(root.table, owner)
