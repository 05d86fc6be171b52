"""A transaction that writes, as a restore does, and then reads again."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from wedsync_dr.model import Kind, ScopeId, TableName
from wedsync_dr.scope.ownership import Ownership, ResolvedOwnership
from wedsync_dr.scope.rules import parse_rules
from wedsync_dr.source.catalog import load_catalog
from wedsync_dr.source.session import Reader, connect

FOLDERS = TableName("public", "folders")
WEDDING = ScopeId(Kind.WEDDING, "1")
SCHEMA = """
CREATE TABLE public.weddings (id int PRIMARY KEY);
CREATE TABLE public.folders (
    id int PRIMARY KEY, wedding_id int REFERENCES public.weddings, parent int REFERENCES public.folders
);
INSERT INTO public.weddings VALUES (1), (2);
"""


@pytest.fixture
def restoring(database: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection within the transaction of a restore."""
    with connect(database, name="test") as connection:
        connection.execute(SCHEMA.encode())
        with connection.transaction():
            yield connection


def ownership(reader: Reader) -> ResolvedOwnership:
    rules = parse_rules('[roots]\nwedding = ["public.weddings"]')
    return Ownership(load_catalog(reader), rules).resolve(reader)


def folders(reader: Reader, sql: str) -> list[bytes]:
    return sorted(bytes(line) for line in reader.copy(sql))


def test_rows_that_were_written_in_between_belong_to_whom_they_reach_now(restoring: psycopg.Connection[Any]) -> None:
    reader = Reader(restoring)
    resolved = ownership(reader)
    assert folders(reader, resolved.select(FOLDERS, ["id"], [WEDDING])) == []
    assert folders(reader, resolved.select_platform(FOLDERS, ["id"])) == []
    assert resolved.rows_of(WEDDING, {FOLDERS: ["id"]}) == {FOLDERS: []}
    restoring.execute("INSERT INTO public.folders VALUES (1, 1, NULL), (2, NULL, 1), (3, 2, 2), (4, NULL, 3)")
    assert folders(reader, resolved.select(FOLDERS, ["id"], [WEDDING])) == [b"w0:1\t1\n", b"w0:1\t2\n"]
    assert folders(reader, resolved.select_platform(FOLDERS, ["id"])) == [b"\t3\n", b"\t4\n"]
    assert sorted(resolved.rows_of(WEDDING, {FOLDERS: ["id"]})[FOLDERS]) == [b"1\n", b"2\n"]
