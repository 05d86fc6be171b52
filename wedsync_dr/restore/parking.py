"""Rows that exchange the values of a unique key, or of an exclusion constraint, without being deleted.

A unique index that is not deferrable looks at each row as it is updated, so of two rows that swap values the first
one fails. Rows in each other's way are *parked* first: a column of the key becomes NULL, or a value that no row has.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from wedsync_dr.errors import Conflict
from wedsync_dr.model import quoted
from wedsync_dr.snapshot.sealed_rows import TableHead
from wedsync_dr.source.catalog import Column, Table
from wedsync_dr.source.guards import Exclusion

_PLACE = '"wedsync-dr place"'
_LENGTH = re.compile(r"\((\d+)\)")
_NUMBERS = {"smallint", "integer", "bigint", "numeric", "date"}
_MOMENTS = {"timestamp without time zone", "timestamp with time zone"}
_TEXTS = {"text", "character varying", "bpchar", "citext"}


@dataclass(frozen=True)
class Contest:
    """A constraint over which updated rows may meet. Where rows can be compared by equality `comparable` says so."""

    name: str
    columns: tuple[str, ...]
    nulls_count: bool
    comparable: bool


def contests(table: Table, head: TableHead, exclusions: Iterable[Exclusion]) -> list[Contest]:
    """The constraints that look at each row as it is updated and that an update can touch."""
    found = [
        Contest(key.name, key.columns, key.nulls_not_distinct, not key.partial_or_expression)
        for key in table.unique_keys
        if not key.deferrable and not key.primary
    ]
    found += [Contest(one.name, one.columns, False, False) for one in exclusions if not one.deferrable]
    changing = set(head.names) - set(head.key)
    return [contest for contest in found if changing & set(contest.columns)]


def contested(table: Table, head: TableHead, contest: Contest, incoming: str) -> str:
    """A query that has a row where updated rows, given in a temporary table, stand in each other's way."""
    if not contest.comparable or not set(contest.columns) <= set(head.names):
        return f"SELECT 1 FROM {incoming} OFFSET 1 LIMIT 1"
    same = " AND ".join(f"kept.{quoted(name)} = wanted.{quoted(name)}" for name in contest.columns)
    other = " OR ".join(f"kept.{quoted(name)} <> wanted.{quoted(name)}" for name in head.key)
    moving = " AND ".join(f"kept.{quoted(name)} = moving.{quoted(name)}" for name in head.key)
    return (
        f"SELECT 1 FROM {incoming} AS wanted JOIN {table.from_sql} AS kept ON {same} AND ({other})"
        f" JOIN {incoming} AS moving ON {moving} LIMIT 1"
    )


def park(table: Table, head: TableHead, contest: Contest, incoming: str) -> str:
    """The statement that parks the rows whose values of the key change. Raises Conflict where nothing can be parked."""
    column, value = _place(table, head, contest)
    changed = " OR ".join(
        f"kept.{quoted(name)} IS DISTINCT FROM incoming.{quoted(name)}"
        for name in contest.columns
        if name in head.names
    )
    key = " AND ".join(f"kept.{quoted(name)} = incoming.{quoted(name)}" for name in head.key)
    numbered = f"(SELECT *, row_number() OVER () AS {_PLACE} FROM {incoming}) AS incoming"
    return f"UPDATE {table.from_sql} AS kept SET {quoted(column)} = {value} FROM {numbered} WHERE {key} AND ({changed})"


def _place(table: Table, head: TableHead, contest: Contest) -> tuple[str, str]:
    columns = [table.column[name] for name in contest.columns if name in head.names and name not in head.key]
    settable = [column for column in columns if not column.identity]
    if not contest.nulls_count:
        for column in settable:
            if not column.not_null:
                return column.name, "NULL"
    for column in settable:
        if value := _unused(table, column):
            return column.name, value
    raise Conflict(
        f"Rows of {table.name} exchange values of {contest.name}, and none of its columns can be set aside meanwhile.",
        remedy="Change one of the rows in the platform so that they no longer exchange values, then make a new plan.",
    )


def _unused(table: Table, column: Column) -> str | None:
    """An expression for a value that no row of the table has, different for each row."""
    kind = column.base_type.removeprefix("public.").removeprefix("extensions.")
    lowest = f"(SELECT min({quoted(column.name)}) FROM {table.from_sql})"
    if kind == "uuid":
        return "pg_catalog.gen_random_uuid()"
    if kind in _NUMBERS:
        return f"({lowest} - incoming.{_PLACE})::{kind}" if kind != "date" else f"{lowest} - incoming.{_PLACE}::integer"
    if kind in _MOMENTS:
        return f"{lowest} - incoming.{_PLACE} * interval '1 second'"
    if kind in _TEXTS:
        length = _LENGTH.search(column.type)
        random = "pg_catalog.md5(pg_catalog.random()::text || incoming." + _PLACE + "::text)"
        return f"pg_catalog.left({random}, {length[1]})" if length else random
    return "'empty'" if kind.endswith("range") else None
