"""The proof of a recovery: every table is read again and must add up to what was loaded into it."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import psycopg

from wedsync_dr.errors import RestoreNotEqual
from wedsync_dr.model import Progress, TableName
from wedsync_dr.restore.crew import Crew, Result
from wedsync_dr.restore.journal import SCHEMA_NAME, Journal, Layout
from wedsync_dr.restore.loading import Prove
from wedsync_dr.restore.recovery import Unproven
from wedsync_dr.snapshot.content import TableContent
from wedsync_dr.source.catalog import Catalog, Table, columns_of, load_catalog
from wedsync_dr.source.session import Reader

_PART_BLOCKS = 4096


def prove(connection: psycopg.Connection[Any], crew: Crew, progress: Progress) -> tuple[tuple[Unproven, ...], int]:
    """What cannot be proven, and how many tables are.

    Raises RestoreNotEqual where a table differs and none but the recovery has written its rows.
    """
    journal, catalog = Journal(connection), load_catalog(Reader(connection))
    expected = _expected(catalog, journal.contents())
    tasks = [task for layout in expected for task in _tasks(connection, catalog, layout)]
    found: defaultdict[Layout, TableContent] = defaultdict(TableContent)
    heard = 0

    def done(number: int, result: Result) -> None:
        nonlocal heard
        assert isinstance(result, TableContent)  # noqa: S101
        found[tasks[number].layout] += result
        heard += 1
        progress("proof", heard, len(tasks))

    crew.run(tasks, done)
    unproven = [
        Unproven(str(layout.table), want.rows, found[layout].rows, journal.written_meanwhile(layout.table))
        for layout, want in expected.items()
        if found[layout] != want
    ]
    if different := [one.table for one in unproven if not one.written_meanwhile]:
        raise RestoreNotEqual(
            f"{', '.join(different[:5])} of the target do not hold what was loaded.",
            remedy="If somebody deleted rows meanwhile, that is it; else rebuild in a new empty database.",
        )
    return tuple(unproven), len(expected) - len(unproven)


def _expected(catalog: Catalog, contents: dict[Layout, TableContent]) -> dict[Layout, TableContent]:
    """What each table must hold: what was loaded, or nothing."""
    filled = {layout.table for layout in contents}
    empty = [
        Layout(table.name, columns_of(table), ())
        for table in catalog.tables.values()
        if table.name not in filled and table.name.schema != SCHEMA_NAME
    ]
    return contents | dict.fromkeys(empty, TableContent())


def _tasks(connection: psycopg.Connection[Any], catalog: Catalog, layout: Layout) -> Iterator[Prove]:
    """A large table in parts, so that no process is left alone with it."""
    blocks = _blocks(connection, catalog.tables[layout.table], layout.table)
    for low in range(0, max(1, blocks), _PART_BLOCKS):
        high = low + _PART_BLOCKS
        yield Prove(layout, (low, high if high < blocks else None) if blocks > _PART_BLOCKS else None)


def _blocks(connection: psycopg.Connection[Any], table: Table, name: TableName) -> int:
    if table.partitioned:
        return 0
    row = connection.execute("SELECT pg_relation_size(%s::regclass) / 8192", [name.sql]).fetchone()
    return int(row[0]) if row else 0
