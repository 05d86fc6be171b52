"""A whole deployment in one directory: PostgreSQL, keys, vault, Dagster and the API as processes."""

import json
import os
import secrets
import shutil
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from dotenv import set_key

from wedsync_dr.demo import processes
from wedsync_dr.demo.fleet import fleet
from wedsync_dr.demo.graphql import Dagster
from wedsync_dr.demo.watch import Part
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
CODE_SERVER = "code server"
CELERY = Path("deploy", "celery")
_PYTHON = [sys.executable, "-m"]
_LOOPBACK = ["--host", "127.0.0.1", "--port"]
_WORKSPACE = "load_from:\n  - grpc_server: {{host: 127.0.0.1, port: {port}, location_name: wedsync_dr}}\n"


class Deployment:
    """Lives between `with` and its end, also where that comes by Ctrl-C; the directory can be opened again later."""

    def __init__(self, home: Path, pg_bin: Path | None = None, workers: int = 0) -> None:
        """With `workers` runs are taken by so many of Celery's. Raises where that is not installed."""
        self.home = home.absolute()
        self._pg_bin = pg_bin
        self._fleet = fleet(workers, processes.free_port(), self.home) if workers else None
        self._server: Server | None = None
        self._running: list[processes.Process] = []
        self._commands: dict[str, list[str]] = {}
        self._database_port = 0
        self._code_port = processes.free_port()
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
        self._database_port = self._server.start()
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
        """Start code server, webserver and daemon, and wait until the definitions are loaded."""
        self.start_webserver()
        self.start_daemon()
        self.wait_until_loaded(progress)

    def start_webserver(self) -> None:
        """Start it, with a code server of its own; runs can be asked for once it has loaded.

        The code servers that webserver and daemon would start themselves are not replaced when they die.
        """
        dagster_home = self.home / "dagster"
        dagster_home.mkdir(exist_ok=True)
        instance = CELERY / "dagster.yaml" if self._fleet else Path("dagster.yaml")
        shutil.copyfile(_shipped(instance), dagster_home / "dagster.yaml")
        (dagster_home / "workspace.yaml").write_text(_WORKSPACE.format(port=self._code_port))
        code = ["-m", "wedsync_dr.definitions", "--location-name", "wedsync_dr"]
        self._start_all({
            **(self._fleet.broker() if self._fleet else {}),
            CODE_SERVER: [*_PYTHON, "dagster", "api", "grpc", *_LOOPBACK, str(self._code_port), *code],
            "webserver": [*_PYTHON, "dagster_webserver", *_LOOPBACK, str(self.dagster.port), *self._workspace()],
        })  # fmt: skip

    def start_daemon(self) -> None:
        """Start what begins runs and looks at schedules and sensors, and the workers where there are any."""
        daemon = [*_PYTHON, "dagster._daemon", "run", *self._workspace()]
        self._start_all({"daemon": daemon, **(self._fleet.commands() if self._fleet else {})})

    def _workspace(self) -> list[str]:
        return ["--workspace", str(self.home / "dagster" / "workspace.yaml")]

    def _start_all(self, commands: Mapping[str, list[str]]) -> None:
        self._commands |= commands
        for name in commands:
            self._start(name)

    def start_api(self) -> int:
        """Start the REST API, and return its port; it answers a moment later."""
        port = processes.free_port()
        self._start_all({"api": [*_PYTHON, "wedsync_dr.cli", "api", "--port", str(port)]})
        return port

    def started(self) -> list[processes.Process]:
        """Every process of Dagster's that was started and has left anything."""
        return list(self._running)

    def parts(self) -> list[Part]:
        """PostgreSQL, Dagster and the API, as what can end by itself and be started again at its old address."""

        def database() -> None:
            self.server.start(port=self._database_port)

        others = [Part(name, partial(self._alive, name), partial(self._start, name)) for name in self._commands]
        return [Part("PostgreSQL", self.server.running, database), *others]

    def environment(self) -> Mapping[str, str]:
        """All that the processes know: nothing of the caller's own environment reaches them."""
        storage = urlsplit(self.server.url(DAGSTER))
        return {
            "PATH": os.defpath,
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.home),
            "PYTHONPATH": os.pathsep.join(map(str, (PACKAGE.parent, PACKAGE.parent / CELERY))),
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
            **(self._fleet.environment if self._fleet else {}),
        }

    def at_rest(self) -> bool:
        """Whether nothing that was started is running."""
        return all(map(processes.gone, self._running)) and not (self._server and self._server.running())

    def _start(self, name: str) -> None:
        """Start a process. What one of that name has left behind, a run at work, is let be until all is ended."""
        log = self.home / f"{name}.log"
        command = self._commands[name]
        environment = self.environment()
        with processes.uninterrupted():
            self._running = [process for process in self._running if processes.anybody(process)]
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

    def _alive(self, name: str) -> bool:
        return any(process.alive for process in self._running if process.name == name)

    @property
    def _pids(self) -> Path:
        return self.home / "processes.json"


def _shipped(name: Path) -> Path:
    """A file of the project: in a wheel inside the package, in a checkout beside it."""
    return next(path for path in (PACKAGE / name, PACKAGE.parent / name) if path.exists())


def remove(home: Path) -> None:
    """End what a deployment left running, and remove everything of it."""
    processes.end_left_behind(home / "processes.json")
    if (home / "postgres" / "server.json").exists():
        Server.open(home / "postgres").destroy()
    shutil.rmtree(home, ignore_errors=True)
