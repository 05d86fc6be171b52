"""A wedding with all that it refers to, laid aside for inspection."""

import pytest

from wedsync_dr.errors import Conflict, SettingsInvalid
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.run import Restored, carry_out, restore
from wedsync_dr.scope.survey import Source
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests import town
from wedsync_dr_tests.restore.test_restore import W3, bring_back

MOODS = "CREATE TYPE mood AS ENUM ('glad', 'sad'); ALTER TABLE guests ADD mood mood; UPDATE guests SET mood = 'sad'"
COLUMNS = "id, wedding_id, household_id, name, number, mood"


def lay_aside(source: Source, archive: Archive, url: str, **how: object) -> Restored:
    return bring_back(source, archive, W3, **({"mode": Mode.copy, "target_url": url} | how))


def rows(url: str, sql: str) -> list[tuple[object, ...]]:
    return town.rows(Source(url, town.parse_rules("")), sql)


def test_an_empty_database_gets_the_wedding_and_everything_it_refers_to(
    source: Source, archive: Archive, other_database: str
) -> None:
    town.run(source, MOODS)
    town.take_all(source, archive)
    restored = lay_aside(source, archive, other_database)
    guests = f"SELECT {COLUMNS}::text FROM guests WHERE wedding_id = 3 ORDER BY id"
    assert rows(other_database, guests) == town.rows(source, guests)
    assert rows(other_database, "SELECT count(*) FROM weddings") == [(1,)]
    assert rows(other_database, "SELECT name FROM vendors ORDER BY 1") == [("Cake",), ("Flowers",), ("Music",)]
    assert rows(other_database, "SELECT name FROM organizations ORDER BY 1") == [("Harbour Group",), ("Meadow",)]
    assert rows(other_database, "SELECT name FROM venues") == [("Barn",)]
    assert restored.plan.to_json()["creates_tables"]
    assert restored.to_json()["verified"]
    events = [entry.event for entry in archive.ledger.entries()][-2:]
    assert events == ["restore-started", "restored"]


def test_a_schema_of_its_own_beside_the_live_tables(source: Source, archive: Archive) -> None:
    town.run(
        source,
        MOODS,
        "CREATE SCHEMA shop; CREATE TABLE shop.guests (id int PRIMARY KEY, wedding_id int REFERENCES public.weddings)",
    )
    town.run(source, "INSERT INTO shop.guests VALUES (1, 3)")
    town.take_all(source, archive)
    before = town.state(source)
    town.run(source, "UPDATE guests SET name = 'Edited' WHERE wedding_id = 3")
    edited = town.state(source)
    lay_aside(source, archive, source.url, target_schema="look Here")
    assert town.state(source) == edited
    look = 'SELECT count(*) FROM "look Here".public_guests AS a JOIN public.guests AS b USING (id, mood)'
    look += " WHERE a.name <> b.name"
    assert town.rows(source, look) == [(8,)]
    assert town.rows(source, 'SELECT count(*) FROM "look Here".shop_guests') == [(1,)]
    assert before != edited
    with pytest.raises(Conflict, match="look Here") as refused:
        lay_aside(source, archive, source.url, target_schema="look Here")
    assert "--schema" in refused.value.remedy


def test_what_was_planned_is_what_is_laid_aside(source: Source, archive: Archive, other_database: str) -> None:
    town.take_all(source, archive)
    planned = lay_aside(source, archive, other_database, apply=False, tables=["guests"])
    assert rows(other_database, "SELECT 1 FROM pg_class WHERE relname = 'guests'") == []
    carry_out(source, archive, planned.plan, now=town.NOW, requested_by="test", target_url=other_database)
    assert rows(other_database, "SELECT count(*) FROM guests") == [(8,)]
    assert rows(other_database, "SELECT count(*) FROM households") == [(2,)]
    assert rows(other_database, "SELECT 1 FROM pg_class WHERE relname = 'rsvps'") == []


def test_what_no_recovery_point_holds_is_named_and_stands_in_nobody_s_way(
    source: Source, archive: Archive, other_database: str
) -> None:
    town.take_all(source, archive)
    archive.vault.discard(next(archive.vault.snapshots(scope=ScopeId(Kind.PLATFORM, "public.venues"))))
    restored = lay_aside(source, archive, other_database)
    assert [link["parent"] for link in restored.plan.to_json()["missing_parents"]] == ["public.venues"]
    assert rows(other_database, "SELECT venue_id FROM weddings") == [(1,)]


@pytest.mark.parametrize("schema", ["", "pg_look"])
def test_a_schema_that_cannot_be_is_refused(source: Source, archive: Archive, schema: str) -> None:
    town.take_all(source, archive)
    with pytest.raises(SettingsInvalid):
        lay_aside(source, archive, source.url, target_schema=schema)
    with pytest.raises(SettingsInvalid):
        restore(source, archive, W3, target_schema="look", now=town.NOW, requested_by="test")
