"""COPY … TO STDOUT as libpq hands the rows over.

psycopg's own `Copy` waits for the socket once a row, 4 µs of Python each; here rows that have arrived are taken one
after the
other, and the socket is waited for only when none is left (https://www.postgresql.org/docs/17/libpq-copy.html).
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import errors, generators
from psycopg.abc import PQGen
from psycopg.pq import ExecStatus
from psycopg.pq import abc as pq_abc
from psycopg.waiting import Wait

_MORE, _DONE = 0, -1


def copy_out(connection: psycopg.Connection[Any], statement: bytes) -> Iterator[memoryview]:
    """The rows of a COPY statement; each buffer is the caller's. Raises psycopg's errors."""
    pgconn = connection.pgconn
    pgconn.send_query(statement)
    (started,) = connection.wait(generators.execute(pgconn))
    if started.status != ExecStatus.COPY_OUT:
        raise errors.error_from_result(started)
    finished = False
    try:
        yield from _rows(connection)
        finished = True
    finally:
        if not finished:
            with suppress(psycopg.Error):
                _abandon(connection)
    _finish(connection)


def copy_out_many(connection: psycopg.Connection[Any], statements: Sequence[bytes]) -> list[list[bytes]]:
    """The rows of several COPY statements, sent as one message: the server goes on while its rows are taken, and a
    distant one is asked once. Raises psycopg's errors."""
    if not statements:
        return []
    pgconn = connection.pgconn
    pgconn.send_query(b"; ".join(statements))
    found: list[list[bytes]] = []
    try:
        results = connection.wait(generators.execute(pgconn))
        for _ in statements:
            if results[-1].status != ExecStatus.COPY_OUT:
                raise errors.error_from_result(results[-1])
            found.append([bytes(row) for row in _rows(connection)])
            results = connection.wait(generators.fetch_many(pgconn))
    except KeyboardInterrupt:
        connection.close()  # what the server still sends is of no use to the next statement
        raise
    if results[-1].status == ExecStatus.FATAL_ERROR:
        raise errors.error_from_result(results[-1])
    return found


def _rows(connection: psycopg.Connection[Any]) -> Iterator[memoryview]:
    pgconn = connection.pgconn
    take = pgconn.get_copy_data
    while True:
        try:
            size, row = take(1)
        except psycopg.OperationalError:  # the server ended the COPY with an error, which is the next result
            _finish(connection)
            raise
        if size > 0:
            yield row
        elif size == _MORE:
            connection.wait(_arrival(pgconn))
        else:
            return


def _arrival(pgconn: pq_abc.PGconn) -> PQGen[None]:
    yield Wait.R
    pgconn.consume_input()


def _finish(connection: psycopg.Connection[Any]) -> None:
    for result in connection.wait(generators.fetch_many(connection.pgconn)):
        if result.status == ExecStatus.FATAL_ERROR:
            raise errors.error_from_result(result)


def _abandon(connection: psycopg.Connection[Any]) -> None:
    """The caller wants no more rows: stop the server, and leave the session usable."""
    connection.cancel_safe()
    for _ in _rows(connection):
        pass
    _finish(connection)
