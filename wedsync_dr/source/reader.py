"""One consistent look at a database: everything read through a Reader is read at its instant."""

from collections.abc import Iterator, Sequence
from datetime import UTC
from functools import cached_property
from typing import Any

import psycopg

from wedsync_dr.model import Instant, SourceIdentity, utc_text
from wedsync_dr.source.copyout import copy_out, copy_out_many
from wedsync_dr.source.translation import translated

_NOW = """
SELECT clock_timestamp(),
       CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text,
       current_setting('transaction_read_only')::boolean
       AND current_setting('transaction_isolation') <> 'read committed'
"""
_IDENTITY = """
SELECT d.datname::text, d.oid::text, has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
FROM pg_database d WHERE d.datname = current_database()
"""


class Reader:
    """Reads through an open transaction; those that `open_reader` and `join_reader` open see one instant.

    `one_instant` says so; in any other transaction rows may change from one statement to the next.
    """

    def __init__(self, connection: psycopg.Connection[Any], instant: Instant | None = None) -> None:
        self._connection = connection
        ((taken_at, lsn, self.one_instant),) = self.rows(_NOW)
        self.instant = instant or Instant(taken_at.astimezone(UTC), lsn)

    @property
    def server_version(self) -> int:
        """As `170005` for 17.5."""
        return self._connection.info.server_version

    def export(self) -> str:
        """What other sessions need to `join_reader` this instant, for as long as this transaction lives."""
        ((snapshot,),) = self.rows("SELECT pg_export_snapshot()")
        return f"{snapshot} {utc_text(self.instant.taken_at)} {self.instant.lsn}"

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with translated():
            return self._connection.execute(sql.encode(), parameters or None).fetchall()

    def copy(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[memoryview]:
        """The rows of a query as COPY's text writes them, each with its newline."""
        statement = f"COPY ({self._merged(sql, parameters)}) TO STDOUT".encode()
        with translated():
            yield from copy_out(self._connection, statement)

    def copies(self, statements: Sequence[str]) -> list[list[bytes]]:
        """The rows of several queries as `copy` gives them, asked for in one message; all of them are in memory."""
        with translated():
            return copy_out_many(self._connection, [f"COPY ({sql}) TO STDOUT".encode() for sql in statements])

    def attempt(self, sql: str) -> list[bytes] | None:
        """The rows of a query as `copy` gives them; None where PostgreSQL refuses its values or types.

        The transaction goes on either way.
        """
        with translated():
            try:
                with self._connection.transaction():
                    return [bytes(line) for line in copy_out(self._connection, f"COPY ({sql}) TO STDOUT".encode())]
            except (psycopg.DataError, psycopg.ProgrammingError, psycopg.IntegrityError):
                return None

    def _merged(self, sql: str, parameters: Sequence[object]) -> str:
        """COPY takes no parameters, so they are quoted into the statement."""
        if not parameters:
            return sql
        with psycopg.ClientCursor(self._connection) as cursor:
            return cursor.mogrify(sql.encode(), parameters)

    @cached_property
    def identity(self) -> SourceIdentity:
        """Which database this is."""
        ((database, oid, may_ask),) = self.rows(_IDENTITY)
        system = f"unknown-{oid}"
        if may_ask:
            ((system,),) = self.rows("SELECT system_identifier::text FROM pg_control_system()")
        return SourceIdentity(system, database, self.server_version)
