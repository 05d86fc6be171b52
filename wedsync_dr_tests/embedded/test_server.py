import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from wedsync_dr.embedded.account import Account
from wedsync_dr.embedded.binaries import find_binaries, usable_by
from wedsync_dr.embedded.server import Server
from wedsync_dr.errors import DisasterRecoveryError

ROOT = os.geteuid() == 0

LIFE = """
import os, sys
from pathlib import Path
from wedsync_dr.embedded.server import Server
home, binaries, uid, gid = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
os.setgroups([]); os.setgid(gid); os.setuid(uid)  # here, because an interpreter below /root starts for root only
server = Server(home, binaries, fsync=False)
server.create("word")
server.start()
server.create_database("one")
again = Server.open(home)
assert again.url("one") == server.url("one")
assert home.stat().st_uid == uid
again.destroy()
assert not home.exists()
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that everyone may enter, which pytest's own is not."""
    directory = Path(tempfile.mkdtemp(prefix="wd-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def own(place: Path) -> Iterator[Server]:
    server = Server(place / "pg", find_binaries(None), fsync=False)
    server.create("secret / word")
    yield server
    server.destroy()


def ask(url: str, question: str) -> str:
    with psycopg.connect(url) as connection:
        answer = connection.execute(question.encode()).fetchone()
    assert answer is not None
    return str(answer[0])


def test_a_server_is_what_the_demo_needs(own: Server) -> None:
    port = own.start()
    url = own.url()
    assert ask(url, "SHOW data_checksums") == "on"
    assert ask(url, "SHOW listen_addresses") == "127.0.0.1"
    assert ask(url, "SHOW port") == str(port)
    assert ask(url, "SELECT datcollate || pg_encoding_to_char(encoding) FROM pg_database LIMIT 1") == "C.UTF-8UTF8"
    assert ask(url, "SELECT rolpassword FROM pg_authid WHERE rolname = 'wedsync'").startswith("SCRAM-SHA-256$")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(f"postgresql://wedsync:wrong@127.0.0.1:{port}/postgres")


def test_starting_twice_is_starting_once_and_stopping_twice_is_stopping_once(own: Server) -> None:
    assert own.start() == own.start()
    own.stop()
    assert not own.running()
    own.stop()


def test_a_killed_server_starts_again_with_its_rows_and_at_its_old_address_if_asked(own: Server) -> None:
    port = own.start()
    own.create_database("kept")
    with psycopg.connect(own.url("kept")) as connection:
        connection.execute("CREATE TABLE t AS SELECT 42 AS answer")
    pid = own.pid()
    os.kill(pid, signal.SIGKILL)
    again = Server.open(own.home)
    assert again.start(port=port) == port
    assert again.pid() != pid
    assert ask(again.url("kept"), "SELECT answer FROM t") == "42"


def test_nobody_else_may_read_the_password(own: Server) -> None:
    assert (own.home / "password").stat().st_mode & 0o777 == 0o600


def test_a_database_is_dropped_under_its_users(own: Server) -> None:
    own.start()
    own.create_database("busy")
    with psycopg.connect(own.url("busy")):
        own.drop_database("busy")
    own.drop_database("busy")
    assert ask(own.url(), "SELECT count(*) FROM pg_database WHERE datname = 'busy'") == "0"


def test_a_closed_home_is_no_obstacle_and_nothing_of_it_is_left(place: Path) -> None:
    place.chmod(0o700)
    server = Server(place / "pg", find_binaries(None), fsync=False)
    server.create("word")
    data = server._data
    try:
        server.start()
        assert ask(Server.open(server.home).url(), "SELECT 1") == "1"
        assert place.stat().st_mode & 0o777 == 0o700
        assert data.is_relative_to(server.home) is not ROOT
    finally:
        server.destroy()
    assert not data.exists()
    assert list(place.iterdir()) == []


@pytest.mark.skipif(not ROOT, reason="only root can run a server for another account")
def test_an_ordinary_user_runs_one_too(place: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    os.chown(place, nobody.pw_uid, nobody.pw_gid)
    binaries = place / "runtime" / "bin"
    shutil.copytree(find_binaries(None).parent, place / "runtime", symlinks=True)
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", LIFE, place / "pg", binaries, str(nobody.pw_uid), str(nobody.pw_gid)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not ROOT, reason="only root can run a server for another account")
def test_binaries_out_of_reach_are_copied(place: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    shutil.copytree(find_binaries(None).parent, closed / "runtime", symlinks=True)
    assert not usable_by(Account(nobody.pw_uid, nobody.pw_gid), closed / "runtime" / "bin")
    server = Server(place / "pg", closed / "runtime" / "bin", fsync=False)
    server.create("word")
    try:
        server.start()
        assert ask(server.url(), "SELECT 1") == "1"
    finally:
        server.destroy()


def test_a_failure_shows_what_postgresql_said(own: Server) -> None:
    with (own._data / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(DisasterRecoveryError, match="no_such_setting") as failure:
        own.start(patience_s=0)
    assert str(own._log) in failure.value.remedy


def test_a_home_is_not_taken_twice(own: Server) -> None:
    with pytest.raises(DisasterRecoveryError, match="exists already"):
        Server(own.home, find_binaries(None)).create("other")
    assert Server.open(own.home)._data.is_dir()


def test_a_home_without_a_server_is_refused(place: Path) -> None:
    with pytest.raises(DisasterRecoveryError, match="no complete server"):
        Server.open(place)


def test_a_server_whose_data_are_gone_is_refused(own: Server) -> None:
    shutil.rmtree(own._data)
    with pytest.raises(DisasterRecoveryError, match="are gone"):
        Server.open(own.home)


def test_a_failed_creation_leaves_nothing(place: Path) -> None:
    for tool in ("initdb", "pg_ctl", "postgres"):
        (place / tool).write_text("#!/bin/sh\necho broken >&2\nexit 3\n")
        (place / tool).chmod(0o755)
    with pytest.raises(DisasterRecoveryError):
        Server(place / "pg", find_binaries(place)).create("word")
    assert not (place / "pg").exists()


def test_configured_binaries_must_be_there(place: Path) -> None:
    with pytest.raises(DisasterRecoveryError, match="no initdb") as failure:
        find_binaries(place)
    assert "WEDSYNC_PG_BIN" in failure.value.remedy
