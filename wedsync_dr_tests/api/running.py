"""The API as it really runs: uvicorn on loopback before the town and its vault."""

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
import uvicorn

from wedsync_dr.access.roles import Role
from wedsync_dr.access.tokens import create_token
from wedsync_dr.api.app import Api, create_app
from wedsync_dr.api.limits import Rate
from wedsync_dr.api.once import Launcher
from wedsync_dr.api.site import Site
from wedsync_dr.initialise import initialise
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.scope.survey import Source
from wedsync_dr.settings import Settings, open_archive
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests import town
from wedsync_dr_tests.api.fakes import FakeAutomations, FakeRuns

MANY = Rate(burst=1e9, per_second=1e9)
"""A rate that no test meets by accident."""


@dataclass
class Clock:
    """The real one, which can be put ahead."""

    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead  # noqa: TID251  snapshots have the source's clock, which is the real one


@dataclass
class Running:
    """A running API, and what is behind it. `archive` is as another process sees the vault."""

    url: str
    app: Api
    settings: Settings
    source: Source
    clock: Clock

    @property
    def site(self) -> Site:
        site = self.app.state.site
        assert isinstance(site, Site)
        return site

    @property
    def archive(self) -> Archive:
        return open_archive(self.settings)

    def token(self, role: Role = Role.OPERATOR, *organizations: str, name: str = "test") -> str:
        """A new token, bound to the organizations if there are any."""
        bound = [ScopeId(Kind.VENDOR, one) for one in organizations] or None
        ledger = self.site.archive.ledger
        return create_token(
            ledger, name=name, role=role, organizations=bound, days=1, by="test", now=datetime.now(UTC)  # noqa: TID251
        )[0]  # fmt: skip

    def call(self, method: str, path: str, token: str | None = None, **how: Any) -> requests.Response:
        """One call; with a token, as its holder."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.request(method, self.url + path, headers=headers | how.pop("headers", {}), timeout=30, **how)

    def get(self, path: str, token: str | None = None, **how: Any) -> requests.Response:
        return self.call("GET", path, token, **how)

    def recorded(self) -> list[dict[str, Any]]:
        """The records of calls in the ledger."""
        return [entry.body for entry in self.archive.ledger.entries() if entry.event == "api-call"]


@contextmanager
def running(url: str, *, snapshots: bool = True, rate: Rate = MANY, **more: str) -> Iterator[Running]:
    """The API of the town in an empty database, where organization 1 takes part in weddings 1 to 3, organization 2 in
    the others. Dagster's place is taken by a fake where nothing goes on."""
    source = town.build(url)
    town.run(source, "DELETE FROM bookings WHERE vendor_id = CASE WHEN wedding_id > 3 THEN 1 ELSE 2 END")
    with tempfile.TemporaryDirectory(dir=_memory()) as directory:
        settings = _settings(Path(directory), url, more)
        clock = Clock()
        initialise(settings, clock())
        if snapshots:
            town.take_all(source, open_archive(settings))
        app = create_app(settings, now=clock, rate=rate)
        app.state.site = replace(app.state.site, launcher=Launcher(FakeRuns()), automations=FakeAutomations())
        with served(app) as address:
            yield Running(address, app, settings, source, clock)


@contextmanager
def served(app: Any) -> Iterator[str]:
    """An ASGI app on a free port of loopback, until the end."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def _settings(home: Path, url: str, more: dict[str, str]) -> Settings:
    (home / "rules.toml").write_text(town.RULES)
    return Settings.from_environ(
        {
            "WEDSYNC_SOURCE_URL": url,
            "WEDSYNC_VAULT_URL": (home / "vault").as_uri(),
            "WEDSYNC_KEYRING_URL": (home / "keyring").as_uri(),
            "WEDSYNC_ROOT_KEY": (home / "root.key").as_uri(),
            "WEDSYNC_RULES": str(home / "rules.toml"),
            **more,
        }
    )


def _memory() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
