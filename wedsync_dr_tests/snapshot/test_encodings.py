"""Rows of other encodings, other versions of PostgreSQL, and of unusual size."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from wedsync_dr.embedded.server import Server
from wedsync_dr.errors import SourceRefused
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.run import restore
from wedsync_dr.scope.rules import parse_rules
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.limits import Limits
from wedsync_dr.snapshot.take import take
from wedsync_dr.verification.verify import verify
from wedsync_dr_tests import town

DEBIAN = Path("/usr/lib/postgresql/15/bin")
PLATFORM = ScopeId(Kind.PLATFORM, "public.samples")
NO_ROOTS = parse_rules("")


@pytest.fixture(scope="module")
def older_server() -> Iterator[Server]:
    if not (DEBIAN / "initdb").exists():
        pytest.skip("PostgreSQL 15 is not installed: restoring from an older version is NOT tested on this machine")
    with tempfile.TemporaryDirectory(prefix="wd-") as place:
        Path(place).chmod(0o755)
        server = Server(Path(place) / "pg", DEBIAN, fsync=False)
        try:
            server.create("for tests")
            server.start()
            yield server
        finally:
            server.destroy()


def test_a_wedding_of_an_older_server_comes_back_in_a_newer_one(
    older_server: Server, database: str, tmp_path: Path
) -> None:
    older_server.create_database("town")
    older, newer = town.build(older_server.url("town")), town.build(database)
    archive = town.new_archive(tmp_path)
    town.take_all(older, archive)
    before = town.state(newer)
    town.run(newer, "DELETE FROM weddings WHERE id = 3")
    done = restore(
        older,
        archive,
        town.wedding(3),
        mode=Mode.copy,
        apply=True,
        now=town.NOW,
        requested_by="test",
        target_url=database,
    )
    assert done.applied and done.applied.rows["inserted"] > 10
    after = town.state(newer)
    assert {name for name in before if sorted(before[name]) != sorted(after[name])} <= {"outbox"}


def test_a_latin1_database_comes_back_byte_for_byte(server: Server, tmp_path: Path) -> None:
    name = "latin1"
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    url = server.url(name)
    try:
        source, archive = Source(url, NO_ROOTS), town.new_archive(tmp_path)
        town.run(source, "CREATE TABLE samples (id int PRIMARY KEY, t text)")
        town.run(source, "INSERT INTO samples SELECT i, chr(i) || E'\\\\N\\t' FROM generate_series(1, 255) AS i")
        before = town.rows(source, "SELECT encode(convert_to(t, 'LATIN1'), 'hex') FROM samples ORDER BY id")
        assert not take(source, archive, None, now=town.NOW, requested_by="test").failed
        town.run(source, "DELETE FROM samples WHERE id % 3 = 0", "UPDATE samples SET t = 'x' WHERE id % 3 = 1")
        restore(source, archive, PLATFORM, mode=Mode.replace, apply=True, now=town.NOW, requested_by="test")
        assert town.rows(source, "SELECT encode(convert_to(t, 'LATIN1'), 'hex') FROM samples ORDER BY id") == before
    finally:
        server.drop_database(name)


def test_text_that_is_no_utf_8_is_refused_with_the_table_named(server: Server, tmp_path: Path) -> None:
    name = "ascii"
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"
        )
    try:
        source, archive = Source(server.url(name), NO_ROOTS), town.new_archive(tmp_path)
        town.run(source, "CREATE TABLE samples (id int PRIMARY KEY, t text)", "CREATE TABLE fine (id int PRIMARY KEY)")
        town.run(source, "INSERT INTO fine VALUES (1)")
        with psycopg.connect(source.url, autocommit=True) as connection:
            connection.execute("SET client_encoding = 'SQL_ASCII'")
            connection.execute(b"INSERT INTO samples VALUES (1, E'\\xe9t\\xe9')")
        with pytest.raises(SourceRefused, match=r"public\.samples") as refused:
            take(source, archive, None, now=town.NOW, requested_by="test")
        assert "encoding" in str(refused.value) and "UTF8" in refused.value.remedy
    finally:
        server.drop_database(name)


def test_a_row_of_a_hundred_megabytes_comes_back(database: str, tmp_path: Path) -> None:
    source, archive = Source(database, NO_ROOTS), town.new_archive(tmp_path)
    town.run(source, "CREATE TABLE samples (id int PRIMARY KEY, t text)")
    town.run(source, "INSERT INTO samples SELECT i, repeat(md5(i::text), 3200000) FROM generate_series(1, 1) AS i")
    before = town.rows(source, "SELECT id, md5(t) FROM samples ORDER BY id")
    assert not take(source, archive, None, now=town.NOW, requested_by="test").failed
    assert verify(archive).findings == ()
    town.run(source, "DELETE FROM samples")
    restore(source, archive, PLATFORM, mode=Mode.merge, apply=True, now=town.NOW, requested_by="test")
    assert town.rows(source, "SELECT id, md5(t) FROM samples ORDER BY id") == before


def test_a_row_that_is_too_long_is_refused_with_its_table_and_stops_before_memory_is_gone(
    database: str, tmp_path: Path
) -> None:
    source, archive = Source(database, NO_ROOTS), town.new_archive(tmp_path)
    town.run(source, "CREATE TABLE samples (id int PRIMARY KEY, t text)")
    town.run(source, "INSERT INTO samples SELECT i, repeat('x', i * 1000) FROM generate_series(1, 3) AS i")
    with pytest.raises(SourceRefused, match=r"public\.samples: A row is") as refused:
        take(source, archive, None, now=town.NOW, requested_by="test", limits=Limits(row=2500))
    assert "left_out" in refused.value.remedy
    assert list(archive.vault.snapshots()) == []


HUGE = """
import sys
from pathlib import Path
from wedsync_dr.scope.rules import parse_rules
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.take import take
from wedsync_dr_tests import town
source = Source(sys.argv[1], parse_rules('[roots]\\nwedding = ["public.weddings"]'))
batch = take(source, town.new_archive(Path(sys.argv[2])), None, now=town.NOW, requested_by="test", workers=1)
assert not batch.failed
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


def test_memory_stays_bounded_for_a_huge_wedding_and_a_huge_platform_table(database: str, tmp_path: Path) -> None:
    source = Source(database, NO_ROOTS)
    town.run(source, "CREATE TABLE weddings (id int PRIMARY KEY)", "INSERT INTO weddings VALUES (1), (2)")
    text = "SELECT i, 1, repeat(md5(i::text), 100) FROM generate_series(1, 40000) AS i"
    for name in ("guests", "logs"):
        reference = " REFERENCES weddings" if name == "guests" else ""
        town.run(source, f"CREATE TABLE {name} (id int PRIMARY KEY, wedding_id int{reference}, t text)")
        town.run(source, f"INSERT INTO {name} {text}")
    command = [sys.executable, "-c", HUGE, database, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 500 * 1024
    for place in ("wedding/1", "platform/public.logs"):
        assert len(list((tmp_path / "vault" / "snapshots" / place).rglob("*.parquet"))) > 2
    assert verify(town.reopened(tmp_path)).findings == ()
