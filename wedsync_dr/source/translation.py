"""psycopg's errors become ours here, once. A message names SQLSTATE, tables and constraints, never a row's content."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from wedsync_dr.errors import (
    Conflict,
    DisasterRecoveryError,
    PlanStale,
    SchemaChanged,
    ScopeBusy,
    SourceRefused,
    SourceUnreachable,
)


@dataclass(frozen=True)
class _Meaning:
    error: type[DisasterRecoveryError]
    what: str
    remedy: str


_LOST = _Meaning(
    SourceUnreachable,
    "The database does not answer, or the connection was lost.",
    "Check host, port and network of the URL (WEDSYNC_SOURCE_URL, or --target) and that the server runs; try again.",
)
_LOGIN = _Meaning(
    SourceRefused,
    "The database refused the login.",
    "Check user, password and database name of the URL (WEDSYNC_SOURCE_URL, or --target), and pg_hba.conf.",
)
_PRIVILEGE = _Meaning(
    SourceRefused,
    "The database role lacks a privilege.",
    "Give the role SELECT on every table, USAGE on their schemas, and BYPASSRLS where policies hide rows.",
)
_SCHEMA = _Meaning(
    SchemaChanged,
    "The database has no such table, column or type.",
    "The schema changed while this ran, or the snapshot is of another schema; run it again.",
)
_ENCODING = _Meaning(
    SourceRefused,
    "A row holds text that is not valid in the database's encoding.",
    "Find the row (its text does not pass convert_to(…, 'UTF8')), correct it, and run again.",
)
_OTHER = _Meaning(SourceRefused, "The database refused a statement.", "Look up the SQLSTATE in the server's log.")

_MEANINGS = {  # by SQLSTATE; the longest prefix wins
    "08": _LOST,
    "53": _Meaning(
        SourceUnreachable, "The database is out of resources.", "Free connections, memory or disk; try again."
    ),
    "57": _LOST,
    "57014": _Meaning(
        SourceUnreachable, "A statement was cancelled.", "Raise the role's statement_timeout; try again."
    ),
    "28": _LOGIN,
    "3D": _LOGIN,
    "42501": _PRIVILEGE,
    "42P01": _SCHEMA,
    "42703": _SCHEMA,
    "42704": _SCHEMA,
    "3F": _SCHEMA,
    "22": _Meaning(SchemaChanged, "A value does not fit its column's type.", "Compare the schemas of both databases."),
    "22021": _ENCODING,
    "22P05": _ENCODING,
    "23": _Meaning(
        Conflict, "A constraint does not allow the change.", "Make a new plan; it names the rows in the way."
    ),
    "40": _Meaning(PlanStale, "Another transaction changed the same rows.", "Make a new plan and apply that."),
    "55P03": _Meaning(ScopeBusy, "Somebody else holds a lock on the rows.", "Try again when the other run is done."),
}


@contextmanager
def translated() -> Iterator[None]:
    """Whatever psycopg raises inside leaves as one of ours, without the chain that could show a row."""
    try:
        yield
    except psycopg.Error as error:
        raise translation(error) from None


def translation(error: psycopg.Error) -> DisasterRecoveryError:
    """Our error for one of psycopg's."""
    meaning = _meaning(error)
    where = _where(error)
    return meaning.error(f"{meaning.what}{where}", remedy=meaning.remedy)


def _meaning(error: psycopg.Error) -> _Meaning:
    state = error.sqlstate or ""
    for length in (5, 2):
        if len(state) == 5 and state[:length] in _MEANINGS:
            return _MEANINGS[state[:length]]
    if state or not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return _OTHER
    return _LOGIN if _is_login(error) else _LOST


def _is_login(error: psycopg.Error) -> bool:
    """libpq gives no SQLSTATE when a connection cannot be made; what the server said is in the text."""
    text = str(error)
    said_no = (
        "authentication failed",
        "no password supplied",
        "no pg_hba.conf entry",
        "does not exist",
        "not permitted",
    )
    return any(sign in text for sign in said_no)


def _where(error: psycopg.Error) -> str:
    about = error.diag
    names = [f"SQLSTATE {error.sqlstate}"] if error.sqlstate else []
    if about.table_name:
        names.append(f"table {about.schema_name}.{about.table_name}")
    if about.constraint_name:
        names.append(f"constraint {about.constraint_name}")
    return f" ({', '.join(names)})" if names else ""
