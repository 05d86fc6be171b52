"""Which scopes the source has, and when their weddings are."""

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from wedsync_dr.model import Kind, ScopeId, TableName
from wedsync_dr.scope.names import ColumnName
from wedsync_dr.scope.owners import Root
from wedsync_dr.scope.ownership import ResolvedOwnership
from wedsync_dr.scope.rules import Rules
from wedsync_dr.source.catalog import Catalog, Table
from wedsync_dr.source.copytext import text_of
from wedsync_dr.source.literal import literal
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


@dataclass(frozen=True)
class Days:
    """A stretch of days, both ends included."""

    first: datetime.date
    last: datetime.date


def discover(
    reader: Reader,
    catalog: Catalog,
    ownership: ResolvedOwnership,
    wanted: Collection[ScopeId] | None = None,
    *,
    within: Days | None = None,
) -> list[ScopeInfo]:
    """Every wedding, vendor and platform table, or those of `wanted` that exist, sorted by id.

    With `within` weddings that are on none of these days may be left out, also among a vendor's; those without a day
    that counts are there. A read that failed raises; it is never an empty answer.
    """
    tables = [ScopeInfo(ScopeId.of_table(name)) for name in catalog.tables if name not in ownership.left_out]
    wanted = None if wanted is None else {scope for scope in wanted if ownership.possible(scope)}
    if wanted is not None and all(scope.kind is not Kind.VENDOR for scope in wanted):
        chosen = [scope for scope in wanted if scope.kind is Kind.WEDDING]
        found = [*_weddings(reader, catalog, ownership, chosen).values(), *tables]
    else:
        found = [*_all_owners(reader, catalog, ownership, within), *tables]
    return sorted((info for info in found if wanted is None or info.scope in wanted), key=lambda info: info.scope)


def present(reader: Reader, catalog: Catalog, ownership: ResolvedOwnership) -> set[ScopeId]:
    """The ids of every wedding, vendor and platform table, which is less to read. A read that failed raises."""
    roots = [root.table for kind in (Kind.WEDDING, Kind.VENDOR) for root in ownership.roots(kind)]
    owners = {
        scope
        for table in roots
        for _, scope, *_ in _root_scopes(reader, ownership, table, ownership.select_roots(table, ()))
    }
    return owners | {ScopeId.of_table(name) for name in catalog.tables if name not in ownership.left_out}


def weddings(reader: Reader, catalog: Catalog, ownership: ResolvedOwnership) -> list[ScopeInfo]:
    """Every wedding with its date, sorted by id; without looking at vendors and what they are booked for."""
    return sorted(_weddings(reader, catalog, ownership, None).values(), key=lambda info: info.scope)


def _all_owners(reader: Reader, catalog: Catalog, ownership: ResolvedOwnership, within: Days | None) -> list[ScopeInfo]:
    found = _weddings(reader, catalog, ownership, None, within)
    booked = _booked(reader, catalog, ownership, found)
    vendors = [
        ScopeInfo(scope, booked=tuple(booked.get(scope, ())))
        for root in ownership.roots(Kind.VENDOR)
        for _, scope, *_ in _root_scopes(reader, ownership, root.table, ownership.select_roots(root.table, ()))
    ]
    return [*found.values(), *vendors]


def _weddings(
    reader: Reader,
    catalog: Catalog,
    ownership: ResolvedOwnership,
    wanted: Sequence[ScopeId] | None,
    within: Days | None = None,
) -> dict[bytes, ScopeInfo]:
    """The weddings by the text that stands for them as owners."""
    found: dict[bytes, ScopeInfo] = {}
    for root in ownership.roots(Kind.WEDDING):
        table = catalog.tables[root.table]
        day, end, zone = _date_columns(table, ownership)
        columns = tuple(dict.fromkeys(name for name in (day, end, zone) if name))
        sql = ownership.select_roots(root.table, columns, wanted)
        if within and day and all(table.column[name].type == "date" for name in (day, end) if name):
            sql = _narrowed(sql, columns.index(day), columns.index(end) if end else None, within)
        for owner, scope, *values in _root_scopes(reader, ownership, root.table, sql):
            given = dict(zip(columns, values, strict=True))
            last = day_of(given.get(end or ""))
            found[owner] = ScopeInfo(scope, day_of(given.get(day or "")), given.get(zone or ""), last)
    return found


def _narrowed(sql: str, day: int, end: int | None, within: Days) -> str:
    """Without the weddings whose days are known and others than these."""
    first, last = literal(within.first.isoformat()), literal(within.last.isoformat())
    until = f"c{day}" if end is None else f"coalesce(greatest(c{day}, c{end}), c{day})"
    return (
        f"SELECT * FROM ({sql}) AS near WHERE c{day} IS NULL OR c{day} NOT BETWEEN '0001-01-01' AND '9999-12-31'"
        f" OR (c{day} <= {last} AND {until} >= {first})"
    )


def _root_scopes(
    reader: Reader, ownership: ResolvedOwnership, table: TableName, sql: str
) -> Iterator[tuple[bytes, ScopeId, *tuple[str | None, ...]]]:
    """The scopes whose own root row stands in this table, as owners and as scopes, with columns.

    A row of an earlier root's scope is none.
    """
    for line in reader.copy(sql):
        owner, *values = bytes(line)[:-1].split(b"\t")
        yield owner, ownership.owner(table, owner), *map(text_of, values)


def _date_columns(table: Table, ownership: ResolvedOwnership) -> tuple[str | None, str | None, str | None]:
    columns = [(column.name, column.type) for column in table.columns]
    return date_columns(ownership.rules, table.name, columns)


def date_columns(
    rules: Rules, table: TableName, columns: Sequence[tuple[str, str]]
) -> tuple[str | None, str | None, str | None]:
    """The columns that hold the date, the last day and the time zone of a wedding: by rule, else by their names and
    types."""
    days = [name for name, kind in columns if kind == "date"]
    end = _ruled(rules.end_date, table) or next((name for name in _END_NAMES if name in days), None)
    days = [name for name in days if name != end]
    day = _ruled(rules.wedding_date, table) or next((name for name in _DATE_NAMES if name in days), None)
    names = {name for name, _ in columns}
    zone = _ruled(rules.time_zone, table) or next((name for name in _ZONE_NAMES if name in names), None)
    return day or (days[0] if len(days) == 1 else None), end, zone


def _ruled(column: ColumnName | None, table: TableName) -> str | None:
    return column.column if column and column.table == table else None


def day_of(text: str | None) -> datetime.date | None:
    """A date that Python can hold; `infinity` and dates before Christ are no wedding's."""
    try:
        return datetime.date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None


def _booked(
    reader: Reader, catalog: Catalog, ownership: ResolvedOwnership, weddings: Mapping[bytes, ScopeInfo]
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
                for owner, vendor in _pairs(reader, ownership, table, key.columns, vendors[key.target]):
                    if wedding := weddings.get(owner):
                        booked[vendor].append(wedding)
    return booked


def _pairs(
    reader: Reader,
    ownership: ResolvedOwnership,
    table: Table,
    columns: tuple[str, ...],
    vendors: Mapping[tuple[bytes, ...], ScopeId],
) -> Iterator[tuple[bytes, ScopeId]]:
    """Each wedding, as an owner, with each vendor that one of its rows names."""
    for line in reader.copy(ownership.select_of_weddings(table.name, columns)):
        owner, *key = bytes(line)[:-1].split(b"\t")
        if vendor := vendors.get(tuple(key)):
            yield owner, vendor


def _vendor_keys(
    reader: Reader, ownership: ResolvedOwnership, root: Root
) -> Iterator[tuple[tuple[bytes, ...], ScopeId]]:
    for line in reader.copy(ownership.select_all(root.table, root.key)):
        owner, *values = bytes(line)[:-1].split(b"\t")
        yield tuple(values), ownership.owner(root.table, owner)
