"""The way into the database: tables, then rows by COPY in the background, then indexes, two at a time."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Self

import psycopg

SQL = Path(__file__).parent
INDEXES = SQL / "70_indexes.sql"
VIEWS = SQL / "80_views.sql"
CHUNK = 1 << 17
Progress = Callable[[str, int, int], None]

_ADVANCE_SEQUENCES = """
DO $$
DECLARE
    serial record;
BEGIN
    FOR serial IN
        SELECT d.objid::regclass AS sequence, d.refobjid::regclass AS relation, quote_ident(a.attname) AS attribute
        FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'
        JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
    LOOP
        EXECUTE format('SELECT setval(%L, coalesce(max(%s), 0) + 1, false) FROM %s',
                       serial.sequence, serial.attribute, serial.relation);
    END LOOP;
END $$
"""


class Loader:
    """Rows on their way into tables without firing a trigger; the next ones may be made meanwhile."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        self._connection.execute("SET session_replication_role = replica")
        self._worker = ThreadPoolExecutor(max_workers=1)
        self._underway: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._worker.shutdown(wait=True, cancel_futures=kind is not None)
        self._connection.close()
        if kind is None:
            self._await(at_most=0)

    def send(self, lines: Mapping[str, list[str]]) -> None:
        """Load these lines, by table. An earlier load that failed raises here."""
        self._await(at_most=1)
        self._underway.append(self._worker.submit(self._copy, lines))

    def _await(self, at_most: int) -> None:
        while len(self._underway) > at_most:
            self._underway.popleft().result()

    def _copy(self, lines: Mapping[str, list[str]]) -> None:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            for table, rows in lines.items():
                with cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
                    for start in range(0, len(rows), CHUNK // 256):
                        copy.write("\n".join(rows[start : start + CHUNK // 256]) + "\n")


def create_tables(url: str) -> None:
    """Everything but indexes and views, which come after the rows."""
    with psycopg.connect(url) as connection:
        for path in sorted(SQL.glob("[1-6]*.sql")):
            connection.execute(path.read_bytes())


def finish(url: str, progress: Progress) -> None:
    """Indexes, views, sequences and statistics."""
    statements = [line for line in INDEXES.read_text().splitlines() if line.startswith("CREATE")]
    for done, _ in enumerate(_in_parallel(url, statements), 1):
        progress("indexes", done, len(statements))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(VIEWS.read_bytes())
        connection.execute(_ADVANCE_SEQUENCES)
        connection.execute("ANALYZE")


def _in_parallel(url: str, statements: list[str]) -> Iterator[None]:
    """Run statements on two connections; yields once for each that is done."""
    with ExitStack() as stack:
        idle: SimpleQueue[psycopg.Connection] = SimpleQueue()
        for _ in range(2):
            idle.put(stack.enter_context(psycopg.connect(url, autocommit=True)))
        workers = stack.enter_context(ThreadPoolExecutor(max_workers=idle.qsize()))
        yield from workers.map(lambda statement: _execute(idle, statement), statements)


def _execute(idle: SimpleQueue[psycopg.Connection], statement: str) -> None:
    connection = idle.get()
    connection.execute("SET maintenance_work_mem = '256MB'")
    connection.execute(statement.encode())
    idle.put(connection)
