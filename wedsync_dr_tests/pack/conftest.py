"""The demo platform with marked rows, taken once: whose word it is can be read from the word itself."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import psycopg
import pytest

import wedsync_dr.demo
from wedsync_dr.embedded.server import Server
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.scope.rules import Rules, load_rules
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.take import take
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests import town
from wedsync_dr_tests.conftest import TODAY
from wedsync_dr_tests.fixtures import tmp_path

__all__ = ["tmp_path"]

NOW = datetime.combine(TODAY, time(9), UTC)
RULES = load_rules(Path(wedsync_dr.demo.__file__).with_name("rules.toml"))
_MARK = """
UPDATE vendors SET name = name || ' v' || left(id::text, 8);
UPDATE guests SET given_name = given_name || ' w' || left(wedding_id::text, 8);
UPDATE households SET name = name || ' w' || left(wedding_id::text, 8);
UPDATE timeline_events SET title = title || ' w' || left(wedding_id::text, 8);
UPDATE seating_tables SET name = name || ' w' || left(wedding_id::text, 8);
UPDATE documents SET title = title || ' w' || left(wedding_id::text, 8) WHERE wedding_id IS NOT NULL;
UPDATE weddings SET rain_plan = 'Tent of w' || left(id::text, 8);
UPDATE clients c SET partner_one = partner_one || ' w' || left(w.id::text, 8) FROM weddings w WHERE w.client_id = c.id
    AND (SELECT count(*) FROM weddings o WHERE o.client_id = c.id) = 1;
"""


@dataclass(frozen=True)
class World:
    """A source that was taken once, and where its vault and keyring lie; nobody changes either."""

    source: Source
    home: Path

    @property
    def archive(self) -> Archive:
        return town.reopened(self.home)

    @property
    def rules(self) -> Rules:
        return RULES

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.source.url, autocommit=True) as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def nearest(self, count: int) -> list[ScopeId]:
        """Weddings of the coming week that have a venue."""
        days = "wedding_date BETWEEN %s::date AND %s::date + 7 AND venue_id IS NOT NULL"
        found = self.sql(f"SELECT id::text FROM weddings WHERE {days} ORDER BY wedding_date, id", TODAY, TODAY)
        return [ScopeId.of_key(Kind.WEDDING, wedding) for (wedding,) in found[:count]]


@pytest.fixture(scope="session")
def world(server: Server, platform_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Everything of the marked platform in a vault."""
    server.create_database("packs", platform_template)
    world = World(Source(server.url("packs"), RULES), tmp_path_factory.mktemp("packs"))
    with psycopg.connect(world.source.url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(_MARK.encode())
    batch = take(world.source, town.new_archive(world.home), None, now=NOW, requested_by="test")
    assert not batch.failed
    yield world
    server.drop_database("packs")


@pytest.fixture
def wedding(world: World) -> ScopeId:
    """A wedding of the coming week."""
    return world.nearest(1)[0]


@pytest.fixture
def own(world: World, tmp_path: Path) -> Archive:
    """A copy of the vault and its keyring, to be changed."""
    shutil.copytree(world.home, tmp_path / "own")
    return town.reopened(tmp_path / "own")
