"""How far a recovery is, kept in the target itself: what is marked and what is there are one commit."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from wedsync_dr.model import Kind, ScopeId, TableName
from wedsync_dr.restore.reading import ReadScope, Refused
from wedsync_dr.snapshot.content import TableContent
from wedsync_dr.snapshot.sealed_rows import TableHead

SCHEMA_NAME = "wedsync_dr_restore"
_J = SCHEMA_NAME
_CREATE = f"""
CREATE SCHEMA {_J};
CREATE TABLE {_J}.run (schema_snapshot text, as_of text, urgency text, no_owner boolean,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE TABLE {_J}.scopes (kind text, id text, snapshot_id text, wave text, rows bigint, refused jsonb, transaction xid8,
  PRIMARY KEY (kind, id));
CREATE TABLE {_J}.contents (table_schema text, table_name text, columns jsonb, key jsonb, rows bigint, sum text);
CREATE TABLE {_J}.steps (name text PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp(), detail jsonb);
"""
_MARK = f"""
INSERT INTO {_J}.scopes
SELECT kind, id, snapshot_id, wave, rows, refused, pg_current_xact_id()
FROM jsonb_to_recordset(%s::jsonb) AS s(kind text, id text, snapshot_id text, wave text, rows bigint, refused jsonb)
ORDER BY kind, id ON CONFLICT DO NOTHING RETURNING kind, id
"""
_LATER = f"""
SELECT extract(epoch FROM s.at - r.started_at)::float8 AS at, s.name, s.detail FROM {_J}.steps s, {_J}.run r
"""


@dataclass(frozen=True)
class Run:
    """What a recovery was started with; going on with it needs the same."""

    schema_snapshot: str
    as_of: str
    urgency: str
    no_owner: bool


@dataclass(frozen=True)
class Layout:
    """A table's columns in the order of its sealed rows, and its key."""

    table: TableName
    columns: tuple[str, ...]
    key: tuple[str, ...]

    @classmethod
    def of(cls, head: TableHead) -> "Layout":
        return cls(head.table, head.names, head.key)


class Journal:
    """Marks in the target. Every method runs in the transaction that the connection is in."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def begin(self, run: Run) -> None:
        """Make the journal; the target shows from here on that a recovery is under way."""
        self._connection.execute(_CREATE.encode())
        values = [run.schema_snapshot, run.as_of, run.urgency, run.no_owner]
        self._connection.execute(f"INSERT INTO {_J}.run VALUES (%s, %s, %s, %s)".encode(), values)

    def run(self) -> Run | None:
        """The recovery that is under way in this database, if there is one."""
        (there,) = self._rows(f"SELECT to_regclass('{_J}.run') IS NOT NULL AS there")
        if not there["there"]:
            return None
        (found,) = self._rows(f"SELECT schema_snapshot, as_of, urgency, no_owner FROM {_J}.run")
        return Run(**found)

    def mark_scopes(self, wave: str, scopes: Iterable[ReadScope]) -> set[ScopeId]:
        """Mark scopes as brought back by this transaction; those that are returned were not marked before."""
        marks = [
            {
                "kind": read.scope.kind.value,
                "id": read.scope.id,
                "snapshot_id": read.manifest.snapshot_id if read.manifest else None,
                "wave": wave,
                "rows": read.rows,
                "refused": [[one.snapshot_id, one.why] for one in read.refused],
            }
            for read in scopes
        ]
        return {ScopeId(Kind(row["kind"]), row["id"]) for row in self._rows(_MARK, json.dumps(marks))}

    def scopes(self) -> Iterator[tuple[ScopeId, str | None, str, int, tuple[Refused, ...]]]:
        """Every scope that is marked: its snapshot, wave, rows, and what was refused on the way to it."""
        for row in self._rows(f"SELECT kind, id, snapshot_id, wave, rows, refused FROM {_J}.scopes ORDER BY kind, id"):
            refused = tuple(Refused(*one) for one in row["refused"])
            yield ScopeId(Kind(row["kind"]), row["id"]), row["snapshot_id"], row["wave"], row["rows"], refused

    def add_content(self, layout: Layout, content: TableContent) -> None:
        """Note rows that are now in a table. Negative counts take back."""
        values = [layout.table.schema, layout.table.name, json.dumps(layout.columns), json.dumps(layout.key)]
        self._connection.execute(
            f"INSERT INTO {_J}.contents VALUES (%s, %s, %s, %s, %s, %s)".encode(), [*values, content.rows, content.hex]
        )

    def contents(self) -> dict[Layout, TableContent]:
        """What each table must hold, by layout."""
        found: dict[Layout, TableContent] = {}
        for row in self._rows(f"SELECT * FROM {_J}.contents"):
            name = TableName(row["table_schema"], row["table_name"])
            layout = Layout(name, tuple(row["columns"]), tuple(row["key"]))
            content = TableContent.from_hex(row["rows"], row["sum"])
            found[layout] = found[layout] + content if layout in found else content
        return found

    def mark(self, step: str, detail: object = None) -> None:
        """Mark a step as done by this transaction; the first mark stays."""
        sql = f"INSERT INTO {_J}.steps (name, detail) VALUES (%s, %s) ON CONFLICT DO NOTHING"
        self._connection.execute(sql.encode(), [step, json.dumps(detail)])

    def steps(self) -> dict[str, tuple[float, Any]]:
        """When each step was done, in seconds since the recovery was begun, and what was noted with it."""
        return {row["name"]: (row["at"], row["detail"]) for row in self._rows(_LATER)}

    def written_meanwhile(self, table: TableName) -> int:
        """How many rows of a table were written by none of the recovery's transactions."""
        known = f"SELECT transaction::xid::text FROM {_J}.scopes"
        (row,) = self._rows(f"SELECT count(*) AS n FROM {table.sql} WHERE xmin::text <> ALL (ARRAY({known}))")
        return int(row["n"])

    def end(self) -> None:
        """Remove every trace of the recovery."""
        self._connection.execute(f"DROP SCHEMA {_J} CASCADE".encode())

    def _rows(self, sql: str, *parameters: object) -> list[dict[str, Any]]:
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(sql.encode(), parameters or None).fetchall()
