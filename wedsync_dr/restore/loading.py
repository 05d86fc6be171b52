"""What one process of a recovery does: read scopes, write their rows by one COPY a table, mark them, and commit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import psycopg

from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.model import ScopeId, quoted
from wedsync_dr.restore.journal import Journal, Layout
from wedsync_dr.restore.reading import ReadScope, ScopeReader
from wedsync_dr.snapshot.content import TableContent, content_of
from wedsync_dr.snapshot.opening import lines_of
from wedsync_dr.source.copyout import copy_out
from wedsync_dr.source.translation import translated

UNKEYED = b""  # the sum that a table is proven by is compared within one recovery only
_READ_BYTES = 4 * 2**20


@dataclass(frozen=True)
class Refusal:
    """Something that the target would not take, and was not needed to go on: a table or scope, and why."""

    what: str
    why: str


@dataclass(frozen=True)
class Done:
    """What came of a task: scopes and rows that are committed now, and what was refused."""

    scopes: int = 0
    rows: int = 0
    refusals: tuple[Refusal, ...] = ()


class Hand:
    """A session on the target, and the archive beside it."""

    def __init__(self, connection: psycopg.Connection[Any], reader: ScopeReader, *, replica: bool) -> None:
        self.connection, self.reader, self.replica = connection, reader, replica
        self.journal = Journal(connection)


@dataclass(frozen=True)
class Load:
    """Bring back some scopes of a wave."""

    wave: str
    scopes: tuple[tuple[ScopeId, tuple[str, ...]], ...]

    def run(self, hand: Hand) -> Done:
        read = [hand.reader.read(scope, snapshot_ids) for scope, snapshot_ids in self.scopes]
        try:
            with translated():
                return _write(hand, self.wave, read)
        except DisasterRecoveryError:
            return self._one_by_one(hand, read)

    def _one_by_one(self, hand: Hand, read: Sequence[ReadScope]) -> Done:
        """A row that cannot be written stops its own scope only."""
        done, refusals = Done(), list[Refusal]()
        for one in read:
            try:
                with translated():
                    written = _write(hand, self.wave, [one], careful=True)
                done = Done(done.scopes + written.scopes, done.rows + written.rows)
                refusals += written.refusals
            except DisasterRecoveryError as error:
                refusals.append(Refusal(str(one.scope), str(error)))
        return Done(done.scopes, done.rows, tuple(refusals))


@dataclass(frozen=True)
class Prove:
    """Read a table again, or the part of it between two blocks, and add it up."""

    layout: Layout
    between: tuple[int, int | None] | None = None

    def run(self, hand: Hand) -> TableContent:
        table = self.layout.table
        names = ", ".join(map(quoted, self.layout.columns))
        sql = f"COPY (SELECT {names} FROM {table.sql}{self._where()}) TO STDOUT"
        total, held, size = TableContent(), list[bytes](), 0
        with translated():
            for row in copy_out(hand.connection, sql.encode()):
                held.append(bytes(row))
                size += len(row)
                if size > _READ_BYTES:
                    total += content_of(UNKEYED, held)
                    held, size = [], 0
        return total + content_of(UNKEYED, held)

    def _where(self) -> str:
        if self.between is None:
            return ""
        low, high = self.between
        return f" WHERE ctid >= '({low},0)'" + (f" AND ctid < '({high},0)'" if high is not None else "")


def _write(hand: Hand, wave: str, read: Sequence[ReadScope], *, careful: bool = False) -> Done:
    with hand.connection.transaction():
        hand.connection.execute("SET LOCAL synchronous_commit = off")
        if hand.replica:
            hand.connection.execute("SET LOCAL session_replication_role = replica")
        new = hand.journal.mark_scopes(wave, read)
        mine = [one for one in read if one.scope in new]
        refusals: list[Refusal] = []
        for layout, text in _by_table(mine).items():
            if careful:
                text, taken = _without_taken(hand.connection, layout, text)
                refusals += [Refusal(str(layout.table), f"{taken} row(s) came twice")] if taken else []
            _copy(hand.connection, layout, layout.table.sql, text)
            hand.journal.add_content(layout, content_of(UNKEYED, lines_of(text)))
    return Done(len(mine), sum(one.rows for one in mine), tuple(refusals))


def _by_table(read: Iterable[ReadScope]) -> dict[Layout, bytes]:
    """The rows by table; tables of many scopes share their heads, so a layout is worked out once a head."""
    layouts: dict[int, Layout] = {}
    texts: dict[int, list[bytes]] = {}
    for table in chain.from_iterable(one.tables for one in read):
        number = id(table.head)
        if number not in texts:
            layouts[number] = Layout.of(table.head)
        texts.setdefault(number, []).append(table.text)
    merged: dict[Layout, list[bytes]] = {}
    for number, parts in texts.items():
        merged.setdefault(layouts[number], []).extend(parts)
    return {layout: b"".join(parts) for layout, parts in merged.items()}


def _copy(connection: psycopg.Connection[Any], layout: Layout, into: str, text: bytes) -> None:
    names = ", ".join(map(quoted, layout.columns))
    with connection.cursor().copy(f"COPY {into} ({names}) FROM STDIN".encode()) as copy:
        copy.write(text)


def _without_taken(connection: psycopg.Connection[Any], layout: Layout, text: bytes) -> tuple[bytes, int]:
    """The rows whose key the table does not have yet, and how many it has: two scopes held the row at two instants."""
    if not layout.key or not text:
        return text, 0
    names = ", ".join(map(quoted, layout.columns))
    same = " AND ".join(f"kept.{quoted(name)} = incoming.{quoted(name)}" for name in layout.key)
    connection.execute(
        f"CREATE TEMP TABLE incoming ON COMMIT DROP AS SELECT {names} FROM {layout.table.sql} LIMIT 0".encode()
    )
    _copy(connection, layout, "pg_temp.incoming", text)
    new = f"SELECT {names} FROM pg_temp.incoming WHERE NOT EXISTS (SELECT FROM {layout.table.sql} AS kept WHERE {same})"
    kept = b"".join(map(bytes, copy_out(connection, f"COPY ({new}) TO STDOUT".encode())))
    connection.execute(b"DROP TABLE pg_temp.incoming")
    return kept, text.count(b"\n") - kept.count(b"\n")
