"""One PostgreSQL server for the whole run, and databases on it."""

import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, time
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

import wedsync_dr.demo
from wedsync_dr.demo.generate import load_platform
from wedsync_dr.embedded.binaries import find_binaries
from wedsync_dr.embedded.server import Server
from wedsync_dr.initialise import initialise
from wedsync_dr.settings import Settings, open_archive, open_source
from wedsync_dr.snapshot.take import take

settings.register_profile("nightly")  # pytest --hypothesis-profile=nightly: more worlds, see scope/test_ownership.py
PASSWORD = "for tests: only / here"
TODAY = datetime.now(UTC).date()  # noqa: TID251  the source's clock is the real one, and tiers compare with it
NOW = datetime.combine(TODAY, time(9), UTC)
RULES = Path(wedsync_dr.demo.__file__).with_name("rules.toml")
WEDDINGS = 24
TEMPLATE = "platform_template"
_NUMBERS = count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    place = Path(tempfile.mkdtemp(prefix="wd-"))
    server = Server(place / "pg", find_binaries(None), fsync=False)
    try:
        server.create(PASSWORD)
        server.start()
        yield server
    finally:
        server.destroy()
        shutil.rmtree(place)


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """The URL of an empty database."""
    yield from _database(server)


@pytest.fixture
def other_database(server: Server) -> Iterator[str]:
    """The URL of a second empty database."""
    yield from _database(server)


@pytest.fixture(scope="session")
def platform_template(server: Server) -> str:
    """The name of a database with the demo platform, to be copied and not to be touched."""
    server.create_database(TEMPLATE)
    load_platform(server.url(TEMPLATE), weddings=WEDDINGS, seed=1, today=TODAY)
    return TEMPLATE


def demo_settings(url: str, home: Path) -> Settings:
    """The settings for a copy of the demo platform; keys and vault lie in `home`."""
    return Settings.from_environ({
        "WEDSYNC_SOURCE_URL": url,
        "WEDSYNC_VAULT_URL": (home / "vault").as_uri(),
        "WEDSYNC_KEYRING_URL": (home / "keyring").as_uri(),
        "WEDSYNC_ROOT_KEY": (home / "root.key").as_uri(),
        "WEDSYNC_RULES": str(RULES),
    })  # fmt: skip


@pytest.fixture(scope="session")
def first_night(server: Server, platform_template: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys and vault after everything of the untouched platform was taken once; to be copied."""
    home, name = tmp_path_factory.mktemp("first_night"), "first_night"
    server.create_database(name, platform_template)
    settings = demo_settings(server.url(name), home)
    initialise(settings, NOW)
    batch = take(open_source(settings), open_archive(settings), None, now=NOW, requested_by="the first night")
    assert not batch.failed
    server.drop_database(name)
    return home


@pytest.fixture
def platform(server: Server, platform_template: str) -> Iterator[str]:
    """The URL of a database with the demo platform as it was on `TODAY`, for one test alone."""
    yield from _database(server, platform_template)


def _database(server: Server, template: str | None = None) -> Iterator[str]:
    name = f"test_{next(_NUMBERS)}"
    server.create_database(name, template)
    yield server.url(name)
    server.drop_database(name)
