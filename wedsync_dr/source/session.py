"""Sessions on a database: pinned, consistent, and locking scopes."""

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from wedsync_dr.errors import SourceUnreachable
from wedsync_dr.model import Instant, ScopeId, parse_utc
from wedsync_dr.source.reader import Reader
from wedsync_dr.source.translation import translated

__all__ = [
    "PATIENCE",
    "PINNED",
    "Patience",
    "Reader",
    "Session",
    "connect",
    "join_reader",
    "lock_scopes",
    "open_reader",
    "reading",
    "translated",
]

PINNED = {
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "client_encoding": "UTF8",
    "search_path": "",
    "row_security": "off",  # a policy that would hide rows is an error, not fewer rows
    "standard_conforming_strings": "on",
    "statement_timeout": "0",  # a role's limit is meant for requests, not for backups
    "idle_in_transaction_session_timeout": "0",
    "jit": "off",  # compiling a 20-way join takes longer than running it
    "join_collapse_limit": "1",  # our joins are written in the order that serves; looking for a better one takes longer
}
_RETRY_S = 0.1
_LOCK = "pg_try_advisory_lock(hashtextextended('wedsync_dr/' || scope, 0))"
_UNLOCK = "pg_advisory_unlock(hashtextextended('wedsync_dr/' || scope, 0))"


Session = psycopg.Connection[Any]


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds: for a server that does not answer, and for what others have locked."""

    connect_s: int = 10
    lock_s: int = 15


PATIENCE = Patience()


def connect(url: str, *, name: str, patience: Patience = PATIENCE) -> Session:
    """An autocommit session whose settings make values print and parse the same everywhere."""
    with translated():
        connection = psycopg.connect(
            url, autocommit=True, application_name=name, connect_timeout=patience.connect_s, prepare_threshold=None
        )
        calls = ", ".join(["set_config(%s, %s, false)"] * len(PINNED))
        connection.execute(f"SELECT {calls}".encode(), [part for pair in PINNED.items() for part in pair])
        return connection


@contextmanager
def open_reader(url: str, patience: Patience = PATIENCE) -> Iterator[Reader]:
    """A reader at a new instant."""
    with connect(url, name="wedsync-dr read", patience=patience) as connection, _reader(connection, None) as reader:
        yield reader


@contextmanager
def join_reader(url: str, exported: str, patience: Patience = PATIENCE) -> Iterator[Reader]:
    """A reader at the instant that another one exported; raises where that one has ended."""
    with (
        connect(url, name="wedsync-dr worker", patience=patience) as connection,
        _reader(connection, exported) as reader,
    ):
        yield reader


@contextmanager
def reading(connection: Session) -> Iterator[Reader]:
    """A reader at a new instant, on a session that goes on afterwards."""
    with translated():
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield Reader(connection)
        finally:
            if not connection.closed:
                connection.rollback()


@contextmanager
def _reader(connection: Session, exported: str | None) -> Iterator[Reader]:
    try:
        with translated():
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            reader = Reader(connection, _join(connection, exported) if exported else None)
        yield reader
    finally:
        connection.close()


def _join(connection: Session, exported: str) -> Instant:
    snapshot, taken_at, lsn = exported.split(" ")
    try:
        connection.execute(psycopg.sql.SQL("SET TRANSACTION SNAPSHOT {}").format(snapshot))
    except (psycopg.errors.UndefinedObject, psycopg.errors.InvalidParameterValue):
        raise SourceUnreachable("The instant to join is over.", remedy="Run the batch again.") from None
    return Instant(parse_utc(taken_at), lsn)


@contextmanager
def lock_scopes(
    where: str | Session, scopes: Collection[ScopeId], *, patience_s: float, connecting: Patience = PATIENCE
) -> Iterator[set[ScopeId]]:
    """Hold the advisory locks of the scopes; yields those that could be had within `patience_s`.

    On a connection that is passed in the locks are given back at the end, unless its transaction has failed: then they
    last until it closes.
    """
    if isinstance(where, str):
        with connect(where, name="wedsync-dr lock", patience=connecting) as connection:
            yield _lock(connection, scopes, patience_s)
            return
    held = _lock(where, scopes, patience_s)
    try:
        yield held
    finally:
        if not where.closed and where.info.transaction_status is not TransactionStatus.INERROR:
            _ask(where, _UNLOCK, held)


def _lock(connection: Session, scopes: Collection[ScopeId], patience_s: float) -> set[ScopeId]:
    deadline = time.monotonic() + patience_s
    held = _ask(connection, _LOCK, set(scopes))
    while len(held) < len(set(scopes)) and time.monotonic() < deadline:
        time.sleep(_RETRY_S)
        held |= _ask(connection, _LOCK, set(scopes) - held)
    return held


def _ask(connection: Session, call: str, scopes: set[ScopeId]) -> set[ScopeId]:
    by_name = {str(scope): scope for scope in sorted(scopes)}
    with translated():
        sql = f"SELECT scope FROM unnest(%s::text[]) AS scope WHERE {call}"
        return {by_name[name] for (name,) in connection.execute(sql.encode(), [list(by_name)])}
