"""The statements that a restore writes with. Rows go in as the COPY text they were sealed as."""

from collections.abc import Iterable, Sequence

import psycopg

from wedsync_dr.errors import Conflict, SourceRefused
from wedsync_dr.model import TableName, quoted
from wedsync_dr.restore.difference import null_fields
from wedsync_dr.snapshot.sealed_rows import TableHead
from wedsync_dr.source.catalog import Catalog, Trigger
from wedsync_dr.source.copytext import texts_of
from wedsync_dr.source.order import cyclic_keys

_FIRES_AS_REPLICA = {"A", "R"}
_ENABLE = {"O": "ENABLE TRIGGER", "A": "ENABLE ALWAYS TRIGGER", "R": "ENABLE REPLICA TRIGGER"}


class Statements:
    """Inserts, updates and deletes exactly the given rows.

    Where foreign keys are `enforced` row by row, rows of a cycle go in with those columns NULL and get them at the end.
    """

    def __init__(self, connection: psycopg.Connection, catalog: Catalog, *, enforced: bool) -> None:
        self._connection, self._catalog = connection, catalog
        self._cyclic = cyclic_keys(catalog) if enforced else {}
        self._later: list[tuple[TableHead, tuple[bytes, ...]]] = []
        self._incoming = 0

    def insert(self, head: TableHead, lines: Sequence[bytes]) -> None:
        if not lines:
            return
        columns = {column for key in self._cyclic.get(head.table, ()) for column in key.columns} - set(head.key)
        if columns:
            self._later.append((head, tuple(lines)))
            lines = null_fields(lines, head.positions(sorted(columns)))
        self._copy(head.table.sql, head, lines)

    def update(self, head: TableHead, lines: Sequence[bytes]) -> None:
        rest = [name for name in self._settable(head) if name not in head.key]
        if not lines or not rest:
            return
        incoming = self._load(head, lines)
        assignments = ", ".join(f"{quoted(name)} = incoming.{quoted(name)}" for name in rest)
        self._connection.execute(
            f"UPDATE {head.table.sql} AS kept SET {assignments} FROM {incoming} AS incoming WHERE {_same_key(head)}"
        )

    def delete(self, head: TableHead, lines: Sequence[bytes]) -> None:
        if not lines:
            return
        incoming = self._load(head, lines)
        if head.key:
            sql = f"DELETE FROM {head.table.sql} AS kept USING {incoming} AS incoming WHERE {_same_key(head)}"
        else:
            sql = _delete_keyless(head, incoming)
        self._connection.execute(sql)

    def close_cycles(self) -> None:
        """Give the rows that went in with NULLs their own values."""
        for head, lines in self._later:
            self.update(head, lines)

    def advance_sequences(self, table: TableName) -> None:
        """No sequence of the table will give out a value that a restored row has."""
        for sequence in self._catalog.sequences:
            if sequence.table == table:
                self._connection.execute(
                    f"SELECT pg_catalog.setval(%s::pg_catalog.regclass, top.value) FROM"
                    f" (SELECT max({quoted(sequence.column)})::bigint AS value FROM {table.sql}) AS top,"
                    f" {sequence.name.sql} AS s"
                    f" WHERE top.value > s.last_value OR (top.value = s.last_value AND NOT s.is_called)",
                    [sequence.name.sql],
                )

    def hold(self, table: TableName, columns: tuple[str, ...], values: Iterable[tuple[bytes, ...]]) -> None:
        """Keep the rows that restored rows refer to from being deleted before the commit."""
        types = {column.name: column.type for column in self._catalog.tables[table].columns}
        names = ", ".join(quoted(name) for name in columns)
        arrays = [texts_of(column) for column in zip(*values, strict=True)]
        if not arrays:
            return
        casts = ", ".join(f"v{i}::{types[name]}" for i, name in enumerate(columns))
        unnest = ", ".join("%s::text[]" for _ in columns)
        aliases = ", ".join(f"v{i}" for i in range(len(columns)))
        self._connection.execute(
            f"SELECT 1 FROM {table.sql} WHERE ({names}) IN (SELECT {casts} FROM unnest({unnest}) AS v({aliases}))"
            " FOR KEY SHARE",
            arrays,
        )

    def _settable(self, head: TableHead) -> list[str]:
        always = {column.name for column in self._catalog.tables[head.table].columns if column.identity == "a"}
        return [name for name in head.names if name not in always]

    def _load(self, head: TableHead, lines: Sequence[bytes]) -> str:
        """A temporary table with these rows, gone at the end of the transaction."""
        self._incoming += 1
        name = f"pg_temp.incoming_{self._incoming}"
        self._connection.execute(
            f"CREATE TEMP TABLE incoming_{self._incoming} ON COMMIT DROP AS"
            f" SELECT {_names(head)} FROM {head.table.sql} WITH NO DATA"
        )
        self._copy(name, head, lines)
        return name

    def _copy(self, table: str, head: TableHead, lines: Iterable[bytes]) -> None:
        columns = f" ({_names(head)})" if head.columns else ""
        with self._connection.cursor().copy(f"COPY {table}{columns} FROM STDIN") as copy:
            copy.write(b"".join(lines))


class TriggersOff:
    """Triggers of some tables, off for the rest of a transaction, and back as they were."""

    def __init__(self, connection: psycopg.Connection, catalog: Catalog, tables: Iterable[TableName]) -> None:
        self._connection = connection
        self._triggers = [
            (table, trigger) for table in dict.fromkeys(tables) for trigger in catalog.tables[table].triggers
        ]
        self._disabled: list[tuple[TableName, Trigger]] = []

    def begin(self) -> bool:
        """Returns whether foreign keys are still enforced row by row (the role may not become a replica)."""
        enforced = not self._become_replica()
        for table, trigger in self._triggers:
            if trigger.enabled in _FIRES_AS_REPLICA or (enforced and trigger.enabled == "O"):
                self._alter(table, "DISABLE TRIGGER", trigger.name)
                self._disabled.append((table, trigger))
        return enforced

    def end(self) -> None:
        for table, trigger in self._disabled:
            self._alter(table, _ENABLE[trigger.enabled], trigger.name)

    def _become_replica(self) -> bool:
        try:
            with self._connection.transaction():
                self._connection.execute("SET LOCAL session_replication_role = replica")
        except psycopg.errors.InsufficientPrivilege:
            return False
        return True

    def _alter(self, table: TableName, action: str, trigger: str) -> None:
        try:
            self._connection.execute(f"ALTER TABLE {table.sql} {action} {quoted(trigger)}")
        except psycopg.errors.InsufficientPrivilege:
            raise SourceRefused(
                f"The role may not switch off triggers of {table}.",
                remedy="GRANT SET ON PARAMETER session_replication_role TO the role (PostgreSQL 15 or newer).",
            ) from None


def as_conflict(error: psycopg.errors.IntegrityError) -> Conflict:
    """A constraint that said no while writing, by its name; never with the row that PostgreSQL would print."""
    where = f"{error.diag.schema_name}.{error.diag.table_name}"
    return Conflict(
        f"Constraint {error.diag.constraint_name} of {where} refuses a restored row; all was rolled back.",
        remedy="Find the row that is in the way, or choose tables with --tables; then make a new plan.",
    )


def _names(head: TableHead) -> str:
    return ", ".join(quoted(name) for name in head.names)


def _same_key(head: TableHead) -> str:
    return " AND ".join(f"kept.{quoted(name)} = incoming.{quoted(name)}" for name in head.key)


def _delete_keyless(head: TableHead, incoming: str) -> str:
    """Rows without a key go by their whole text, as many of them as were given."""
    row = f"ROW({_names(head)})::text"
    return (
        f"WITH gone AS (SELECT {row} AS whole, row_number() OVER (PARTITION BY {row}) AS nth FROM {incoming}),"
        f" present AS (SELECT tableoid AS part, ctid AS place, {row} AS whole,"
        f" row_number() OVER (PARTITION BY {row}) AS nth FROM {head.table.sql})"
        f" DELETE FROM {head.table.sql} AS kept USING present JOIN gone USING (whole, nth)"
        f" WHERE kept.tableoid = present.part AND kept.ctid = present.place"
    )
