"""The schema's statements, run in the target: each once, marked in the transaction that runs it."""

from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, TypeVar

import psycopg

from wedsync_dr.errors import TargetUnfit
from wedsync_dr.model import TableName, quoted
from wedsync_dr.restore.journal import Journal
from wedsync_dr.restore.loading import UNKEYED
from wedsync_dr.restore.phases import Numbered
from wedsync_dr.snapshot.content import content_of
from wedsync_dr.source.catalog import load_catalog
from wedsync_dr.source.copyout import copy_out
from wedsync_dr.source.session import Reader, connect
from wedsync_dr.source.surroundings import SequenceState
from wedsync_dr.source.translation import translated, translation

_T = TypeVar("_T")
_R = TypeVar("_R")
SESSIONS = 2
_SETTINGS = {
    "check_function_bodies": "off",
    "client_min_messages": "warning",
    "xmloption": "content",
    "maintenance_work_mem": "256MB",
    "synchronous_commit": "off",  # each mark is in the commit of what it marks; the last commit is durable
}
_UNVALIDATED = """
SELECT n.nspname::text, c.relname::text, k.conname::text, tn.nspname::text, t.relname::text,
       ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u(n, i)
             JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.i),
       ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u(n, i)
             JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY u.i)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class t ON t.oid = k.confrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
WHERE k.contype = 'f' AND NOT k.convalidated AND k.conparentid = 0
ORDER BY pg_relation_size(c.oid) DESC, 1, 2, 3
"""


@dataclass(frozen=True)
class Dangling:
    """Rows that refer to rows that are not there: the key stays NOT VALID, the rows stay where they are."""

    table: TableName
    constraint: str
    columns: tuple[str, ...]
    target: TableName
    rows: int


@dataclass(frozen=True)
class _Key:
    table: TableName
    name: str
    target: TableName
    columns: tuple[str, ...]
    target_columns: tuple[str, ...]


def builder(url: str) -> psycopg.Connection[Any]:
    """A session that a dump's statements run in as they were meant."""
    connection = connect(url, name="wedsync-dr recovery")
    for name, value in _SETTINGS.items():
        connection.execute("SELECT set_config(%s, %s, false)", [name, value])
    return connection


def build(connection: psycopg.Connection[Any], statements: Iterable[Numbered]) -> None:
    """Run statements in the transaction that the connection is in. Raises TargetUnfit, which names the object."""
    for one in statements:
        try:
            connection.execute(one.text.encode())
        except psycopg.Error as error:
            raise _refused(one, error) from None


def _refused(one: Numbered, error: psycopg.Error) -> TargetUnfit:
    said = error.diag.message_primary or type(error).__name__
    return TargetUnfit(
        f"The target refuses {one.what}: {said} (SQLSTATE {error.sqlstate}).",
        remedy="Mend it in the target (another version, a missing privilege or extension), and give the command again.",
    )


def build_all(url: str, statements: Sequence[Numbered], done: Collection[str]) -> None:
    """Run statements that do not depend on each other on several sessions, but for those whose steps are done."""
    in_parallel(url, build_marked, [one for one in statements if one.step not in done])


def in_parallel(url: str, work: Callable[[psycopg.Connection[Any], _T], _R], items: Iterable[_T]) -> list[_R]:
    """Do something with each item, on several sessions at once."""
    with ExitStack() as stack:
        idle: SimpleQueue[psycopg.Connection[Any]] = SimpleQueue()
        for _ in range(SESSIONS):
            idle.put(stack.enter_context(builder(url)))

        def on_any(item: _T) -> _R:
            connection = idle.get()
            try:
                with translated():
                    return work(connection, item)
            finally:
                idle.put(connection)

        workers = stack.enter_context(ThreadPoolExecutor(SESSIONS))
        return list(workers.map(on_any, items))


def build_marked(connection: psycopg.Connection[Any], one: Numbered) -> None:
    """Run one statement and mark it. One that the target refuses is marked with the reason, and stops nothing."""
    try:
        _build_marked(connection, one)
    except psycopg.errors.UniqueViolation as error:
        remove_twins(connection, TableName(error.diag.schema_name or "", error.diag.table_name or ""))
        _build_again(connection, one)
    except psycopg.Error as error:
        if connection.broken:
            raise
        _note_refusal(connection, one, error)


def _build_again(connection: psycopg.Connection[Any], one: Numbered) -> None:
    """Another session may have removed the twins, so it is tried again whoever did."""
    try:
        _build_marked(connection, one)
    except psycopg.errors.UniqueViolation as error:
        _note_refusal(connection, one, error)


def _build_marked(connection: psycopg.Connection[Any], one: Numbered) -> None:
    with connection.transaction():
        connection.execute(one.text.encode())
        Journal(connection).mark(one.step)


def _note_refusal(connection: psycopg.Connection[Any], one: Numbered, error: psycopg.Error) -> None:
    Journal(connection).mark(one.step, {"refused": one.what, "why": str(translation(error))})


def remove_twins(connection: psycopg.Connection[Any], table: TableName) -> None:
    """Of rows with the same key keep the one that was written first, and note how many were removed.

    Two scopes of different instants may both hold a row that moved from one to the other in between.
    """
    journal = Journal(connection)
    for layout in [one for one in journal.contents() if one.table == table and one.key]:
        columns, key = ", ".join(map(quoted, layout.columns)), ", ".join(map(quoted, layout.key))
        places = f"SELECT ctid, row_number() OVER (PARTITION BY {key} ORDER BY ctid) AS nth FROM {table.sql}"
        twins = f"ctid IN (SELECT ctid FROM ({places}) AS placed WHERE nth > 1)"
        with connection.transaction():
            connection.execute(f"LOCK TABLE {table.sql}".encode())  # two keys of one table may be built at once
            gone = copy_out(connection, f"COPY (SELECT {columns} FROM {table.sql} WHERE {twins}) TO STDOUT".encode())
            lines = [bytes(line) for line in gone]
            connection.execute(f"DELETE FROM {table.sql} WHERE {twins}".encode())
            journal.add_content(layout, -content_of(UNKEYED, lines))
            if lines:
                journal.mark(f"twins {table}", {"refused": str(table), "why": f"{len(lines)} row(s) came twice"})


def validate(url: str) -> list[Dangling]:
    """Look at all rows that unvalidated foreign keys are about; what refers to nothing is counted and left alone."""
    with builder(url) as connection, translated():
        found = connection.execute(_UNVALIDATED.encode()).fetchall()
    keys = [
        _Key(TableName(schema, table), name, TableName(to_schema, to_table), tuple(columns), tuple(target_columns))
        for schema, table, name, to_schema, to_table, columns, target_columns in found
    ]
    return [dangling for dangling in in_parallel(url, _validate, keys) if dangling]


def _validate(connection: psycopg.Connection[Any], key: _Key) -> Dangling | None:
    try:
        connection.execute(f"ALTER TABLE {key.table.sql} VALIDATE CONSTRAINT {quoted(key.name)}".encode())
    except psycopg.errors.ForeignKeyViolation:
        return Dangling(key.table, key.name, key.columns, key.target, _count(connection, key))
    return None


def _count(connection: psycopg.Connection[Any], key: _Key) -> int:
    pairs = zip(key.columns, key.target_columns, strict=True)
    same = " AND ".join(f"parent.{quoted(there)} = child.{quoted(here)}" for here, there in pairs)
    given = " AND ".join(f"child.{quoted(here)} IS NOT NULL" for here in key.columns)
    absent = f"NOT EXISTS (SELECT FROM {key.target.sql} AS parent WHERE {same})"
    row = connection.execute(
        f"SELECT count(*) FROM {key.table.sql} AS child WHERE {given} AND {absent}".encode()
    ).fetchone()
    return int(row[0]) if row else 0


def set_sequences(connection: psycopg.Connection[Any], sequences: Iterable[SequenceState]) -> None:
    """Each sequence where it stood."""
    for one in sequences:
        values = [one.name.sql, one.last_value, one.is_called]
        connection.execute("SELECT pg_catalog.setval(%s::pg_catalog.regclass, %s, %s)", values)


def advance_sequences(connection: psycopg.Connection[Any]) -> None:
    """No sequence gives out a value that a row has already; a scope may be newer than what the schema object says."""
    for one in load_catalog(Reader(connection)).sequences:
        column = f"{quoted(one.column)}::pg_catalog.int8"
        connection.execute(
            f"SELECT pg_catalog.setval(s.seqrelid::pg_catalog.regclass, top.value) FROM pg_catalog.pg_sequence AS s,"
            f" {one.name.sql} AS at, LATERAL (SELECT CASE WHEN s.seqincrement > 0 THEN pg_catalog.max({column})"
            f" ELSE pg_catalog.min({column}) END AS value FROM {one.table.sql}) AS top"
            f" WHERE s.seqrelid = %s::pg_catalog.regclass AND top.value BETWEEN s.seqmin AND s.seqmax"
            f" AND sign(s.seqincrement) * (top.value - at.last_value) >= CASE WHEN at.is_called THEN 1 ELSE 0 END",
            [one.name.sql],
        )
