"""Row versions of two runs of a server are never taken for each other, and a wrap of the transaction ids is none."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from wedsync_dr.embedded.binaries import find_binaries
from wedsync_dr.embedded.server import Server
from wedsync_dr.model import TableName
from wedsync_dr.source.catalog import load_catalog
from wedsync_dr.source.changes import Horizon, Versions, horizon_of, table_sums
from wedsync_dr.source.session import open_reader

GUESTS = TableName("public", "guests")
FILL = "CREATE TABLE guests (id int, name text); INSERT INTO guests SELECT i, 'x' FROM generate_series(1, 100) i"
DEBIAN = Path("/usr/lib/postgresql/15/bin")
SEGMENT = 2**20  # transactions in a file of pg_xact


@pytest.fixture(params=["bundled", "15"])
def own(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server that may be killed, of the demo's version and of the oldest one that is tested."""
    if request.param == "15" and not DEBIAN.is_dir():
        pytest.skip("PostgreSQL 15 is not installed")
    place = Path(tempfile.mkdtemp(prefix="wd-"))
    server = Server(place / "pg", DEBIAN if request.param == "15" else find_binaries(None), fsync=False)
    try:
        server.create("secret")
        server.start()
        yield server
    finally:
        server.destroy()
        shutil.rmtree(place)


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def look(url: str) -> tuple[Horizon, int]:
    with open_reader(url) as reader:
        catalog = load_catalog(reader)
        horizon = horizon_of(reader, catalog)
        versions = Versions(reader, catalog, horizon)
        return horizon, table_sums(reader, versions, [catalog.tables[GUESTS]])[GUESTS]


def crash(server: Server) -> None:
    """Kill one backend: the server throws all others out, recovers, and goes on under the same postmaster."""
    with psycopg.connect(server.url(), autocommit=True) as victim:
        os.kill(victim.info.backend_pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            victim.execute("SELECT 1")
    deadline = time.monotonic() + 30
    while not answers(server) and time.monotonic() < deadline:
        time.sleep(0.1)


def answers(server: Server) -> bool:
    try:
        execute(server.url(), "SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def test_a_crash_makes_everything_incomparable_although_the_postmaster_lives(own: Server) -> None:
    execute(own.url(), FILL, "SET synchronous_commit = off", "UPDATE guests SET name = 'y' WHERE id = 1")
    before, pid = look(own.url())[0], own.pid()
    crash(own)
    after = look(own.url())[0]
    assert own.pid() == pid
    assert not before.comparable(after) and not before.same(after)


def test_a_restart_makes_everything_incomparable(own: Server) -> None:
    execute(own.url(), FILL)
    before = look(own.url())[0]
    own.stop()
    own.start()
    assert not before.comparable(look(own.url())[0])


def test_an_older_copy_that_went_another_way_is_not_taken_for_the_source(own: Server) -> None:
    """Both ways write the same row in the same place with the same transaction id: only the run tells them apart."""
    execute(own.url(), FILL)
    own.stop()
    copy = own.home.parent / "copy"
    shutil.copytree(own._data, copy, symlinks=True)
    sums = []
    for name in ("one way", "the other"):
        own.start()
        execute(own.url(), f"UPDATE guests SET name = '{name}' WHERE id = 1")
        sums.append(look(own.url()))
        own.stop()
        bring_back(copy, own._data)
    (one, one_sum), (other, other_sum) = sums
    assert one_sum == other_sum
    assert not one.comparable(other)


def bring_back(copy: Path, data: Path) -> None:
    """The files of a cold copy, in place of those that are there, with their owner."""
    owner = data.stat()
    shutil.rmtree(data)
    shutil.copytree(copy, data, symlinks=True)
    data.chmod(0o700)
    for path in [data, *data.rglob("*")]:
        os.chown(path, owner.st_uid, owner.st_gid)


def test_a_dump_and_restore_and_a_copy_of_the_database_are_other_databases(own: Server) -> None:
    own.create_database("platform")
    execute(own.url("platform"), FILL)
    before = look(own.url("platform"))
    own.create_database("copy", "platform")
    own.drop_database("platform")
    execute(own.url(), "ALTER DATABASE copy RENAME TO platform")
    after = look(own.url("platform"))
    assert before[1] == after[1]
    assert not before[0].comparable(after[0])


def test_freezing_leaves_row_versions_what_they_are(own: Server) -> None:
    execute(own.url(), FILL, "DELETE FROM guests WHERE id > 50")
    before = look(own.url())
    execute(own.url(), "VACUUM (FREEZE) guests")
    after = look(own.url())
    assert before[0].comparable(after[0])
    assert before[1] == after[1]


def test_row_versions_are_told_apart_across_the_end_of_the_transaction_ids(own: Server) -> None:
    """With transaction ids of 32 bits that really begin anew while the server runs."""
    execute(own.url(), FILL)
    near_the_end(own)
    execute(own.url(), "UPDATE guests SET name = 'last' WHERE id = 1")
    before, again = look(own.url()), look(own.url())
    burn(own, 600)
    behind = look(own.url())
    execute(own.url(), "UPDATE guests SET name = 'first' WHERE id = 2")
    changed = look(own.url())
    assert before[0].next_xid < 2**32 < behind[0].next_xid
    assert before[1] == again[1] == behind[1] != changed[1]
    assert before[0].comparable(changed[0])


def near_the_end(server: Server) -> None:
    """Move the next transaction id, in steps that PostgreSQL accepts, to a little before 2^32."""
    execute(server.url(), "ALTER DATABASE template0 ALLOW_CONNECTIONS true")
    for next_xid in (2**30, 2**31, 3 * 2**30, 2**32 - 300):
        for name in ("postgres", "template0", "template1"):
            execute(server.url(name), "VACUUM (FREEZE)")
        execute(server.url(), "CHECKPOINT")
        server.stop()
        segment = server._data / "pg_xact" / f"{next_xid // SEGMENT:04X}"
        segment.write_bytes(bytes(SEGMENT // 4))
        owner = server._data.stat()
        os.chown(segment, owner.st_uid, owner.st_gid)
        server._run("pg_resetwal", "-D", server._data, "-x", next_xid)
        server.start()


def burn(server: Server, count: int) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        for _ in range(count):
            connection.execute("SELECT pg_current_xact_id()")


def test_horizons_that_lie_half_of_all_transaction_ids_apart_are_incomparable(own: Server) -> None:
    execute(own.url(), FILL)
    horizon = look(own.url())[0]
    assert horizon.comparable(replace(horizon, next_xid=horizon.next_xid + 2**31 - 1))
    assert not horizon.comparable(replace(horizon, next_xid=horizon.next_xid + 2**31))
