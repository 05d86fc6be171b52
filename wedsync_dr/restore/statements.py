"""The statements that a restore writes with. Rows go in as the COPY text they were sealed as."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from wedsync_dr.model import TableName, quoted
from wedsync_dr.restore.difference import null_fields
from wedsync_dr.restore.parking import contested, contests, park
from wedsync_dr.snapshot.layout import split_key
from wedsync_dr.snapshot.sealed_rows import TableHead
from wedsync_dr.source.catalog import Catalog, Table
from wedsync_dr.source.copytext import texts_of
from wedsync_dr.source.guards import Exclusion
from wedsync_dr.source.literal import one_of
from wedsync_dr.source.order import cyclic_keys


class Statements:
    """Inserts, updates and deletes exactly the given rows.

    Where foreign keys are `enforced` row by row, rows of a cycle go in with those columns NULL and get them at the end.
    """

    def __init__(
        self,
        connection: psycopg.Connection,
        catalog: Catalog,
        *,
        enforced: bool,
        exclusions: Sequence[Exclusion] = (),
    ) -> None:
        self._connection, self.catalog, self._enforced = connection, catalog, enforced
        self._cyclic = cyclic_keys(catalog) if enforced else {}
        self._exclusions = exclusions
        self._later: list[tuple[TableHead, tuple[bytes, ...]]] = []
        self._incoming = 0

    def insert(self, head: TableHead, lines: Sequence[bytes]) -> None:
        if not lines:
            return
        if columns := self._late_columns(head):
            self._later.append((head, tuple(lines)))
            lines = null_fields(lines, head.positions(sorted(columns)))
        self._copy(head.table.sql, head, lines)

    def update(self, head: TableHead, lines: Sequence[bytes]) -> None:
        """Set every column but the key; those that refer to rows which are not there yet are set at the end."""
        late = self._late_columns(head)
        if late and lines:
            self._later.append((head, tuple(lines)))
        self._update(head, lines, [name for name in head.names if name not in head.key and name not in late])

    def _update(self, head: TableHead, lines: Sequence[bytes], columns: Sequence[str]) -> None:
        if not lines or not columns:
            return
        table, incoming = self.catalog.tables[head.table], self._load(head, lines)
        self._park(table, head, incoming)
        with self._by_default(table, head, columns, incoming) as settable:
            assignments = ", ".join(f"{quoted(name)} = incoming.{quoted(name)}" for name in settable)
            self._execute(
                f"UPDATE {table.from_sql} AS kept SET {assignments} FROM {incoming} AS incoming WHERE {_same_key(head)}"
            )

    def detach(self, head: TableHead, updates: Sequence[bytes], deletes: Sequence[bytes]) -> None:
        """Where foreign keys are enforced: let go of rows that may be deleted, so that no cascade follows."""
        if not self._enforced or not head.key:
            return
        table = self.catalog.tables[head.table]
        for lines, keys in ((updates, table.foreign_keys), (deletes, self._cyclic.get(head.table, ()))):
            names = {name for key in keys for name in key.columns if name in head.names}
            names = {name for name in names - set(head.key) if not table.column[name].not_null}
            if lines and names:
                incoming = self._load(head, lines)
                for name in sorted(names):
                    moved = (
                        f"kept.{quoted(name)} IS DISTINCT FROM incoming.{quoted(name)}" if lines is updates else "true"
                    )
                    self._execute(
                        f"UPDATE {table.from_sql} AS kept SET {quoted(name)} = NULL FROM {incoming} AS incoming"
                        f" WHERE {_same_key(head)} AND {moved}"
                    )

    def delete(self, head: TableHead, lines: Sequence[bytes]) -> None:
        if not lines:
            return
        incoming, source = self._load(head, lines), self.catalog.tables[head.table].from_sql
        if head.key:
            sql = f"DELETE FROM {source} AS kept USING {incoming} AS incoming WHERE {_same_key(head)}"
        else:
            sql = _delete_keyless(head, source, incoming)
        self._execute(sql)

    def lock(self, head: TableHead, lines: Sequence[bytes]) -> None:
        """Lock rows that will be changed, so that nobody begins to refer to them meanwhile."""
        if lines and head.key:
            types = dict(head.columns)
            names = [f"kept.{quoted(name)}" for name in head.key]
            keys = [texts_of(split_key(line, len(head.key))) for line in sorted(lines)]
            wanted = one_of(names, [types[name] for name in head.key], keys)
            source = self.catalog.tables[head.table].from_sql
            self._execute(f"SELECT 1 FROM {source} AS kept WHERE {wanted} ORDER BY {', '.join(names)} FOR UPDATE")

    def close_cycles(self) -> None:
        """Give the rows that went in with NULLs their own values."""
        for head, lines in self._later:
            self._update(head, lines, sorted(self._late_columns(head)))

    def alter(self, statements: Iterable[str]) -> None:
        """Change tables; the role has to own them."""
        for sql in statements:
            self._execute(sql)

    def advance_sequences(self, table: TableName) -> None:
        """No sequence of the table will give out a value that a restored row has."""
        for sequence in self.catalog.sequences:
            if sequence.table == table:
                self._connection.execute(
                    f"SELECT pg_catalog.setval(%s::pg_catalog.regclass, top.value) FROM"
                    f" (SELECT max({quoted(sequence.column)})::bigint AS value FROM {table.sql}) AS top,"
                    f" {sequence.name.sql} AS s"
                    f" WHERE top.value > s.last_value OR (top.value = s.last_value AND NOT s.is_called)",
                    [sequence.name.sql],
                )

    def hold(self, table: TableName, columns: tuple[str, ...], values: Iterable[tuple[bytes, ...]]) -> bool:
        """Keep the rows that restored rows refer to from being deleted before the commit; False where one is gone."""
        types = {column.name: column.type for column in self.catalog.tables[table].columns}
        arrays = [texts_of(column) for column in zip(*values, strict=True)]
        if not arrays:
            return True
        names = ", ".join(f"kept.{quoted(name)}" for name in columns)
        casts = ", ".join(f"v{i}::{types[name]}" for i, name in enumerate(columns))
        unnest = ", ".join("%s::text[]" for _ in columns)
        aliases = ", ".join(f"v{i}" for i in range(len(columns)))
        wanted = f"(SELECT {casts} FROM unnest({unnest}) AS v({aliases}))"
        self._connection.execute(f"SELECT 1 FROM {table.sql} AS kept WHERE ({names}) IN {wanted} FOR KEY SHARE", arrays)
        same = " AND ".join(f"kept.{quoted(name)} = v{i}::{types[name]}" for i, name in enumerate(columns))
        gone = f"NOT EXISTS (SELECT 1 FROM {table.sql} AS kept WHERE {same})"
        lost = self._connection.execute(f"SELECT 1 FROM unnest({unnest}) AS v({aliases}) WHERE {gone} LIMIT 1", arrays)
        return lost.fetchone() is None

    def _late_columns(self, head: TableHead) -> set[str]:
        """Columns that may refer to rows which are written after these."""
        table = self.catalog.tables[head.table]
        columns = {column for key in self._cyclic.get(head.table, ()) for column in key.columns} - set(head.key)
        return {name for name in columns if name in head.names and not table.column[name].not_null}

    def _park(self, table: Table, head: TableHead, incoming: str) -> None:
        exclusions = [one for one in self._exclusions if one.table == table.name]
        for contest in contests(table, head, exclusions):
            if self._execute(contested(table, head, contest, incoming)).fetchone():
                self._execute(park(table, head, contest, incoming))

    @contextmanager
    def _by_default(self, table: Table, head: TableHead, columns: Sequence[str], incoming: str) -> Iterator[list[str]]:
        """The columns to set: an identity that is always generated only where it differs, and then it is lent."""
        lent = []
        for name in (name for name in columns if table.column[name].identity == "a"):
            differs = f"kept.{quoted(name)} IS DISTINCT FROM incoming.{quoted(name)}"
            if self._execute(
                f"SELECT 1 FROM {incoming} AS incoming JOIN {table.from_sql} AS kept ON {_same_key(head)}"
                f" WHERE {differs} LIMIT 1"
            ).fetchone():
                lent.append(name)
        identities = {column.name for column in table.columns if column.identity == "a"}
        self._generate(table, lent, "BY DEFAULT")
        yield [name for name in columns if name in lent or name not in identities]
        self._generate(table, lent, "ALWAYS")

    def _generate(self, table: Table, columns: Sequence[str], how: str) -> None:
        for name in columns:
            self._execute(f"ALTER TABLE {table.name.sql} ALTER COLUMN {quoted(name)} SET GENERATED {how}")

    def _execute(self, sql: str) -> psycopg.Cursor[tuple[object, ...]]:
        return self._connection.execute(sql.encode())

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
        copy_in(self._connection, table, head, lines)


def copy_in(connection: psycopg.Connection[Any], table: str, head: TableHead, lines: Iterable[bytes]) -> None:
    """Rows into a table, as the COPY text that they are."""
    columns = f" ({_names(head)})" if head.columns else ""
    with connection.cursor().copy(f"COPY {table}{columns} FROM STDIN".encode()) as copy:
        copy.write(b"".join(lines))


def _names(head: TableHead) -> str:
    return ", ".join(quoted(name) for name in head.names)


def _same_key(head: TableHead) -> str:
    return " AND ".join(f"kept.{quoted(name)} = incoming.{quoted(name)}" for name in head.key)


def _delete_keyless(head: TableHead, source: str, incoming: str) -> str:
    """Rows without a key go by their whole text, as many of them as were given."""
    row = f"ROW({_names(head)})::text"
    return (
        f"WITH gone AS (SELECT {row} AS whole, row_number() OVER (PARTITION BY {row}) AS nth FROM {incoming}),"
        f" present AS (SELECT tableoid AS part, ctid AS place, {row} AS whole,"
        f" row_number() OVER (PARTITION BY {row}) AS nth FROM {source})"
        f" DELETE FROM {source} AS kept USING present JOIN gone USING (whole, nth)"
        f" WHERE kept.tableoid = present.part AND kept.ctid = present.place"
    )
