"""Each disaster happens; its page of the runbook is followed word by word; and the platform is as it was."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from wedsync_dr.embedded.server import Server
from wedsync_dr_tests.cli.conftest import EMMA, ROSES, Desk
from wedsync_dr_tests.cli.pages import Follower, pages
from wedsync_dr_tests.pack.paper import read

TITLES = {
    "The database is gone",
    "One wedding is gone",
    "The platform is down on a wedding day",
    "The photos' table is corrupt",
    "A vendor is gone",
    "A bad migration ran",
    "Ransomware",
    "Keys are lost",
    "Dagster itself is gone",
}
TABLES = ("vendors", "weddings", "guests", "bookings", "venues", "photos")
PHOTOS = """
CREATE TABLE photos (id serial PRIMARY KEY, wedding_id uuid NOT NULL REFERENCES weddings, path text NOT NULL);
INSERT INTO photos (wedding_id, path) SELECT w.id, 'photo ' || n FROM weddings w, generate_series(1, 20) n;
"""
LOSE_EMMA = """
DELETE FROM photos WHERE wedding_id = 'EMMA'; DELETE FROM bookings WHERE wedding_id = 'EMMA';
DELETE FROM guests WHERE wedding_id = 'EMMA'; DELETE FROM weddings WHERE id = 'EMMA';
"""


@pytest.fixture
def desk(ready: Desk) -> Desk:
    """The first day, with photos, and everything snapshotted."""
    ready.sql(PHOTOS)
    ready.done("snapshot", "--all")
    return ready


@pytest.fixture
def somebody(desk: Desk) -> Follower:
    return Follower(desk.home, desk.url.rpartition("/")[0] + "/postgres")


@pytest.fixture
def target(server: Server) -> Iterator[str]:
    """Where the pages' new database will be."""
    yield server.url("wedsync_new")
    server.drop_database("wedsync_new")


def state(url: str) -> dict[str, list[str]]:
    """Every row, as a set of fields: a column that came back stands last."""
    with psycopg.connect(url) as connection:
        found = {t: connection.execute(f"SELECT to_jsonb(r)::text FROM {t} AS r ORDER BY 1") for t in TABLES}
        return {table: [row[0] for row in rows] for table, rows in found.items()}


def before(desk: Desk) -> str:
    """An instant at which all was well."""
    return max(str(one["taken_at"]) for one in desk.json("snapshots")["snapshots"])


def copy_away(desk: Desk) -> Path:
    """Vault, keyring and root key on another disk, as somebody did in good time."""
    return Path(shutil.copytree(desk.home / ".wedsync", desk.home / "other disk" / "copy"))


def lose_database(desk: Desk, server: Server) -> None:
    server.drop_database(desk.url.rpartition("/")[2])


def test_every_page_is_followed_here_and_says_when_it_was_tried_and_how_long_it_took() -> None:
    assert set(pages()) == TITLES
    for title, text in pages().items():
        assert re.search(r"^Tried on \d{4}-\d\d-\d\d with [\d,]+ weddings", text, re.MULTILINE), title


def test_the_database_is_gone(desk: Desk, somebody: Follower, server: Server, target: str) -> None:
    was = state(desk.url)
    lose_database(desk, server)
    somebody.follow("The database is gone", TARGET=target)
    assert state(target) == was


def test_one_wedding_is_gone(desk: Desk, somebody: Follower) -> None:
    was = state(desk.url)
    desk.sql(LOSE_EMMA)
    said = somebody.follow("One wedding is gone", WEDDING=EMMA)
    assert state(desk.url) == was
    assert "already holds" in said[-1]


def test_a_coordinator_has_it_on_paper_while_the_platform_is_down(
    desk: Desk, somebody: Follower, server: Server
) -> None:
    rules = desk.home / "rules.toml"
    rules.write_text(rules.read_text() + '[pack.wedding]\ntitle = "couple"\n')
    desk.sql("UPDATE weddings SET wedding_date = current_date WHERE id = 'EMMA'")
    desk.done("snapshot", "--all")
    lose_database(desk, server)
    told = somebody.follow("The platform is down on a wedding day", WEDDING=EMMA, NAME="A. Smith")[-1].splitlines()[0]
    assert "Emma & Noah" in read((desk.home / "packs" / f"{EMMA}.pdf").read_bytes(), told).text


def test_the_photos_are_wrong_and_nothing_else_may_change(desk: Desk, somebody: Follower) -> None:
    was, instant = state(desk.url), before(desk)
    desk.sql("DELETE FROM photos WHERE id % 3 = 0; UPDATE photos SET path = md5(path) WHERE id % 3 = 1")
    desk.done("snapshot", "--all")
    desk.sql("UPDATE guests SET name = 'LATER' WHERE id = 7")
    edited = state(desk.url)
    somebody.follow("The photos' table is corrupt", WEDDING=EMMA, BEFORE=instant)
    assert state(desk.url) == edited | {"photos": was["photos"]}


def test_a_vendor_is_gone_and_its_bookings_with_it(desk: Desk, somebody: Follower) -> None:
    was = state(desk.url)
    desk.sql("DELETE FROM bookings; DELETE FROM vendors")
    somebody.follow("A vendor is gone", VENDOR=ROSES)
    assert state(desk.url) == was


def test_a_migration_dropped_a_column(desk: Desk, somebody: Follower) -> None:
    was, instant = state(desk.url), before(desk)
    desk.sql("ALTER TABLE guests DROP COLUMN name; DROP TRIGGER shouting ON guests")
    desk.sql("ALTER TABLE guests ADD COLUMN name text")
    somebody.follow("A bad migration ran", BEFORE=instant)
    assert state(desk.url) == was


def test_everything_in_reach_was_encrypted(desk: Desk, somebody: Follower, server: Server, target: str) -> None:
    was, copy = state(desk.url), copy_away(desk)
    for path in (desk.home / ".wedsync").rglob("*"):
        if path.is_file():
            path.chmod(0o600)
            path.write_bytes(os.urandom(path.stat().st_size))
    lose_database(desk, server)
    somebody.follow("Ransomware", TARGET=target, COPY=str(copy))
    assert state(target) == was


def test_the_root_key_is_lost_with_and_without_a_copy(desk: Desk, somebody: Follower) -> None:
    copy = copy_away(desk)
    (desk.home / ".wedsync" / "root.key").unlink()
    somebody.follow("Keys are lost", COPY=str(copy))
    assert (desk.home / ".wedsync.lost").is_dir()
    was = state(desk.url)
    desk.sql(LOSE_EMMA)
    desk.done("restore", "--wedding", EMMA, "--apply")
    assert state(desk.url) == was


def test_dagster_is_gone(desk: Desk, somebody: Follower) -> None:
    was = state(desk.url)
    desk.sql(LOSE_EMMA)
    somebody.real = True
    somebody.follow("Dagster itself is gone", WEDDING=EMMA)
    assert state(desk.url) == was
