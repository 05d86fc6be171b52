"""An embedded PostgreSQL server: made, started, found again, and removed without a trace."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from wedsync_dr.embedded.account import Account, account_for
from wedsync_dr.embedded.binaries import find_binaries, usable_by
from wedsync_dr.errors import DisasterRecoveryError

USER = "wedsync"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # TCP only: no path that could be too long
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "max_connections": "100",
    "max_locks_per_transaction": "256",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class Server:
    """One PostgreSQL server on loopback, with a password, data checksums and a home directory of its own.

    As root it runs under the unprivileged account `nobody`. Where that account cannot enter the home, the data lie in a
    directory of their own below the system's temporary directory, and the home says where.
    """

    def __init__(self, home: Path, binaries: Path, *, fsync: bool = True) -> None:
        self.home = home.absolute()
        self._binaries = binaries
        self._fsync = fsync
        self._place = self.home

    @classmethod
    def open(cls, home: Path) -> Self:
        """The server that was made in this home before, running or not."""
        try:
            (home / "password").stat()  # written last
            made = json.loads((home / "server.json").read_text())
        except FileNotFoundError:
            raise DisasterRecoveryError(
                f"{home} holds no complete server", remedy="Remove the directory and create the server again."
            ) from None
        server = cls(home, Path(made["binaries"]))
        server._place = Path(made["place"])
        if not server._data.is_dir():
            raise DisasterRecoveryError(
                f"the data of the server in {home} are gone from {server._place}",
                remedy="Remove the home and create the server again.",
            )
        if not server._binaries.is_dir():
            server._binaries = find_binaries(None)
        return server

    def create(self, password: str) -> None:
        """Make an empty server that is not running yet. Leaves nothing behind if that fails."""
        try:
            self.home.mkdir(mode=0o755, parents=True)
        except FileExistsError:
            raise DisasterRecoveryError(
                f"{self.home} exists already", remedy="Open the server in it, or remove it first."
            ) from None
        with ExitStack() as undo:
            undo.callback(self._remove)
            self._create(password)
            undo.pop_all()

    def start(self, patience_s: float = 30, port: int | None = None) -> int:
        """Start the server if it does not run, and return its port: the one that is asked for, else a free one.

        Waits for what a killed server left behind.
        """
        deadline = time.monotonic() + patience_s
        while not self.running():
            try:
                options = f"-p {port or _free_port()}"
                self._run("pg_ctl", "-D", self._data, "-w", "-l", self._log, "-o", options, "start")
            except DisasterRecoveryError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.3)
        return self.port()

    def stop(self) -> None:
        """Stop the server if it runs. Connections are ended, transactions rolled back."""
        if not self._alive():
            return
        try:
            self._run("pg_ctl", "-D", self._data, "-m", "fast", "-w", "stop")
        except DisasterRecoveryError:
            if self._alive():  # it may have died of another cause meanwhile
                raise

    def running(self) -> bool:
        """Whether the server takes connections. A killed one that the system still lists does not."""
        return self._alive() and _listens(self.port())

    def destroy(self) -> None:
        """Stop the server and remove everything that belongs to it."""
        if self._data.is_dir():
            self.stop()
        self._remove()

    def pid(self) -> int:
        """The process id of the running server."""
        return int(self._running_line(0))

    def port(self) -> int:
        """The port of the running server."""
        return int(self._running_line(3))

    def url(self, database: str = "postgres") -> str:
        """The address of a database of the running server, password included."""
        password = quote((self.home / "password").read_text(), safe="")
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port()}/{database}"

    def create_database(self, name: str, template: str | None = None) -> None:
        """Make a database: empty, or a copy of another one that nobody is connected to."""
        source = sql.Identifier(template or "template0")
        self._administer(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), source))

    def drop_database(self, name: str) -> None:
        """Remove a database if there is one, whoever is connected to it."""
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @property
    def _data(self) -> Path:
        return self._place / "var" / "data"

    @property
    def _log(self) -> Path:
        return self._place / "var" / "log"

    def _create(self, password: str) -> None:
        account = account_for(None)
        self.home.chmod(0o755)  # ours, and a strict umask would lock the account out
        if not account.can_enter(self.home):
            self._place = Path(tempfile.mkdtemp(prefix="wedsync-"))
            self._place.chmod(0o755)
        (self._place / "var").mkdir(mode=0o700)
        account.own(self._place / "var")
        self._binaries = self._binaries_for(account)
        self._write_private("server.json", json.dumps({"binaries": str(self._binaries), "place": str(self._place)}))
        self._initialise(account, password)
        self._write_private("password", password)

    def _binaries_for(self, account: Account) -> Path:
        """The binaries where they are, or a copy where the account cannot reach them there."""
        if usable_by(account, self._binaries):
            return self._binaries.absolute()
        runtime = self._place / "runtime"
        for part in ("bin", "lib", "share"):
            shutil.copytree(self._binaries.parent / part, runtime / part, symlinks=True)
        for directory, _, _ in os.walk(runtime):
            Path(directory).chmod(0o755)
        return runtime / "bin"

    def _initialise(self, account: Account, password: str) -> None:
        secret = self._place / "var" / "password"
        secret.touch(mode=0o600)
        secret.write_text(password)
        account.own(secret)
        syncing = () if self._fsync else ("--no-sync",)
        self._run("initdb", "-D", self._data, "-U", USER, "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8",
                  "--locale=C.UTF-8", "--data-checksums", *syncing)  # fmt: skip
        secret.unlink()
        with (self._data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in SETTINGS.items())
            file.write("" if self._fsync else "fsync = off\nfull_page_writes = off\n")

    def _write_private(self, name: str, text: str) -> None:
        (self.home / name).touch(mode=0o600, exist_ok=False)
        (self.home / name).write_text(text)

    def _remove(self) -> None:
        for directory in {self._place, self.home}:
            shutil.rmtree(directory, ignore_errors=True)

    def _alive(self) -> bool:
        return bool(self._pid_file()) and self._call("pg_ctl", "-D", self._data, "status").returncode == 0

    def _pid_file(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _running_line(self, number: int) -> str:
        lines = self._pid_file()
        if len(lines) <= number:
            raise DisasterRecoveryError(f"the server in {self.home} does not run", remedy="Start it first.")
        return lines[number]

    def _administer(self, statement: sql.Composed) -> None:
        try:
            with psycopg.connect(self.url(), autocommit=True) as connection:
                connection.execute(statement)
        except psycopg.Error as error:
            raise DisasterRecoveryError(
                f"the server in {self.home} refused: {error}", remedy="See that it runs and that the name is free."
            ) from error

    def _run(self, tool: str, *arguments: object) -> None:
        done = self._call(tool, *arguments)
        if done.returncode != 0:
            raise DisasterRecoveryError(
                "\n".join(
                    (f"{tool} failed with exit code {done.returncode}:", done.stdout.strip(), self._last_words())
                ),
                remedy=f"The lines above are PostgreSQL's own; the whole log is {self._log}.",
            )

    def _call(self, tool: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's tools as the account that the data belong to, with nothing of our environment."""
        account = account_for(self._data)
        return subprocess.run(
            [self._binaries / tool, *map(str, arguments)],
            cwd=self._place / "var",
            env={"LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            **account.arguments(),
        )

    def _last_words(self, lines: int = 10) -> str:
        try:
            return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
