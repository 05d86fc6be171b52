"""A whole deployment in one directory: PostgreSQL, keys, vault, Dagster and the API as processes."""

import json
import os
import secrets
import shutil
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from dotenv import set_key

from wedsync_dr.demo import processes
from wedsync_dr.demo.graphql import Dagster
from wedsync_dr.embedded.binaries import find_binaries
from wedsync_dr.embedded.server import Server
from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.initialise import initialise
from wedsync_dr.model import Progress, silent
from wedsync_dr.scope.survey import Source
from wedsync_dr.settings import Settings, open_archive, open_source
from wedsync_dr.source.session import open_reader
from wedsync_dr.vault.archive import Archive

PLATFORM, DAGSTER = "platform", "dagster"
READY_S = 120.0
PACKAGE = Path(__file__).resolve().parents[1]


class Deployment:
    """Lives between `with` and its end, also where that comes by Ctrl-C; the directory can be opened again later."""

    def __init__(self, home: Path, pg_bin: Path | None = None) -> None:
        self.home = home.absolute()
        self._pg_bin = pg_bin
        self._server: Server | None = None
        self._running: list[processes.Process] = []
        self.dagster = Dagster(processes.free_port())

    def __enter__(self) -> Self:
        self.home.mkdir(parents=True, exist_ok=True)
        processes.end_left_behind(self._pids)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every process, PostgreSQL last. A second Ctrl-C does not leave any behind."""
        with processes.uninterrupted():
            processes.end(self._running)
            self._pids.unlink(missing_ok=True)
            if self._server:
                self._server.stop()

    def start_database(self) -> bool:
        """Start PostgreSQL. True where it is new, and so has no platform in it yet."""
        home = self.home / "postgres"
        new = not home.exists()
        self._server = Server(home, find_binaries(self._pg_bin)) if new else Server.open(home)
        if new:
            self._server.create(secrets.token_urlsafe(24))
        self._server.start()
        if new:
            self._server.create_database(PLATFORM)
            self._server.create_database(DAGSTER)
        return new

    @property
    def server(self) -> Server:
        """The running PostgreSQL."""
        assert self._server is not None, "start_database comes first"  # noqa: S101
        return self._server

    @property
    def settings(self) -> Settings:
        """The settings of everything that runs here."""
        return Settings.from_environ(self.environment())

    def source(self) -> Source:
        """The platform."""
        return open_source(self.settings)

    def archive(self) -> Archive:
        """The vault and its keys, as they are now."""
        return open_archive(self.settings)

    def now(self) -> datetime:
        """The time, by the platform's own clock."""
        with open_reader(self.server.url(PLATFORM)) as reader:
            return reader.instant.taken_at

    def make_keys(self) -> list[str]:
        """What `wedsync-dr init` does; returns the names of what was made."""
        return [part.name for part in initialise(self.settings, self.now()) if part.created]

    def write_settings(self) -> Path:
        """A `.env` with which the command line, started in its directory, reaches all this; for the owner alone."""
        file = self.home / ".env"
        file.unlink(missing_ok=True)
        file.touch(mode=0o600)
        for name, value in self.environment().items():
            if name.startswith("WEDSYNC_"):
                set_key(file, name, value)
        return file

    def start_dagster(self, progress: Progress = silent) -> None:
        """Start webserver and daemon, and wait until the definitions are loaded."""
        self.start_webserver()
        self.start_daemon()
        self.wait_until_loaded(progress)

    def start_webserver(self) -> None:
        """Start it; runs can be asked for once it has loaded, and are begun by the daemon."""
        dagster_home = self.home / "dagster"
        dagster_home.mkdir(exist_ok=True)
        shutil.copyfile(_shipped("dagster.yaml"), dagster_home / "dagster.yaml")
        self._start(
            "webserver", ["dagster_webserver", "--host", "127.0.0.1", "--port", str(self.dagster.port), *_place()]
        )

    def start_daemon(self) -> None:
        """Start what begins runs, and what looks at schedules and sensors."""
        self._start("daemon", ["dagster._daemon", "run", *_place()])

    def start_api(self) -> int:
        """Start the REST API, and return its port; it answers a moment later."""
        port = processes.free_port()
        self._start("api", ["wedsync_dr.cli", "api", "--port", str(port)])
        return port

    def environment(self) -> Mapping[str, str]:
        """All that the processes know: nothing of the caller's own environment reaches them."""
        storage = urlsplit(self.server.url(DAGSTER))
        return {
            "PATH": os.defpath,
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.home),
            "PYTHONPATH": str(PACKAGE.parent),
            "WEDSYNC_SOURCE_URL": self.server.url(PLATFORM),
            "WEDSYNC_VAULT_URL": (self.home / "vault").as_uri(),
            "WEDSYNC_KEYRING_URL": (self.home / "keyring").as_uri(),
            "WEDSYNC_ROOT_KEY": (self.home / "root.key").as_uri(),
            "WEDSYNC_RULES": str(Path(__file__).with_name("rules.toml")),
            "WEDSYNC_DAGSTER_URL": f"http://127.0.0.1:{self.dagster.port}",
            "DAGSTER_HOME": str(self.home / "dagster"),
            "DAGSTER_EVENT_BATCH_SIZE": "500",
            "DAGSTER_PG_USER": storage.username or "",
            "DAGSTER_PG_PASSWORD": storage.password or "",
            "DAGSTER_PG_HOST": storage.hostname or "",
            "DAGSTER_PG_PORT": str(storage.port),
            "DAGSTER_PG_DB": DAGSTER,
        }

    def at_rest(self) -> bool:
        """Whether nothing that was started is running."""
        return all(map(processes.gone, self._running)) and not (self._server and self._server.running())

    def _start(self, name: str, module: list[str]) -> None:
        log = self.home / f"{name}.log"
        command = [sys.executable, "-m", *module]
        environment = self.environment()
        with processes.uninterrupted():
            self._running.append(processes.start(name, command, environment=environment, cwd=self.home, log=log))
            self._pids.write_text(json.dumps([process.child.pid for process in self._running]))

    def wait_until_loaded(self, progress: Progress = silent) -> None:
        """Wait until the webserver has the definitions."""
        progress("starting Dagster", 0, 1)
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            self.require_alive()
            if self.dagster.answers() and not self.dagster.load_problem():
                progress("starting Dagster", 1, 1)
                return
            time.sleep(0.5)
        why = self.dagster.load_problem() if self.dagster.answers() else "the webserver does not answer"
        raise DisasterRecoveryError(f"Dagster is not ready: {why}", remedy=f"Its logs are in {self.home}.")

    def require_alive(self) -> None:
        """Raise where a process has ended by itself."""
        for process in self._running:
            if not process.alive:
                raise DisasterRecoveryError(
                    f"The {process.name} ended by itself:\n{process.last_words()}",
                    remedy=f"The whole log is {process.log}.",
                )

    @property
    def _pids(self) -> Path:
        return self.home / "processes.json"


def _place() -> list[str]:
    return ["--workspace", str(_shipped("workspace.yaml"))]


def _shipped(name: str) -> Path:
    """A file of the project: in a wheel inside the package, in a checkout beside it."""
    return next(path for path in (PACKAGE / name, PACKAGE.parent / name) if path.exists())


def remove(home: Path) -> None:
    """End what a deployment left running, and remove everything of it."""
    processes.end_left_behind(home / "processes.json")
    if (home / "postgres" / "server.json").exists():
        Server.open(home / "postgres").destroy()
    shutil.rmtree(home, ignore_errors=True)
