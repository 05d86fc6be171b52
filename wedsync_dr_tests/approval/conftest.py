"""One town and one vault for a module: each test has a wedding of its own in it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from wedsync_dr.embedded.server import Server
from wedsync_dr.scope.survey import Source
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests import town

_TIMELINE = """
CREATE TABLE timeline_events (
    id int PRIMARY KEY,
    wedding_id int NOT NULL REFERENCES weddings ON DELETE CASCADE,
    starts_at timestamptz,
    duration interval
);
INSERT INTO timeline_events SELECT id, id, wedding_date + time '12:00', '5 hours' FROM weddings
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Where the vault and the keyring are."""
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory)


@pytest.fixture(scope="module")
def protected(server: Server, home: Path) -> Iterator[tuple[Source, Archive]]:
    """The town, with a snapshot of everything."""
    server.create_database("approvals")
    source, archive = town.build(server.url("approvals")), town.new_archive(home)
    town.run(source, _TIMELINE)
    town.take_all(source, archive)
    yield source, archive
    server.drop_database("approvals")
