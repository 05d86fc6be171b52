"""Linked parents: brought along from their owners' recovery points, or named when nothing holds them."""

from pathlib import Path

import pytest

from wedsync_dr.errors import Conflict
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.restore.terms import Consent
from wedsync_dr.scope.survey import Source
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests import town
from wedsync_dr_tests.restore.test_restore import LOSE_ALL, W3, bring_back, damage

UNCHECKED = "SET session_replication_role = replica"
UNLINKED = Consent(unlinked=True)
CHAIN = """
CREATE TABLE regions (id int PRIMARY KEY, capital int);
CREATE TABLE agents (id int PRIMARY KEY, badge text UNIQUE NOT NULL, region_id int REFERENCES regions);
INSERT INTO regions VALUES (1, NULL), (2, NULL);
INSERT INTO agents VALUES (1, 'a1', 1), (2, 'a2', 2);
ALTER TABLE organizations ADD agent_id int REFERENCES agents, ADD badge text REFERENCES agents (badge);
UPDATE organizations SET agent_id = 1, badge = 'a1';
ALTER TABLE bookings ADD agent_id int REFERENCES agents;
UPDATE bookings SET agent_id = 1;
"""
LOSE_CHAIN = (
    "DELETE FROM agents; DELETE FROM regions; DELETE FROM organizations WHERE id = 1; DELETE FROM vendors WHERE id = 1"
)


def take_first(source: Source, archive: Archive) -> object:
    return {taken.scope: taken for taken in town.take_all(source, archive).taken}[W3].taken_at


def lose(source: Source, *more: str) -> None:
    town.run(source, *LOSE_ALL, UNCHECKED, *more)


def every_row(source: Source, table: str) -> list[tuple[object, ...]]:
    return town.rows(source, f"SELECT t::text FROM {table} AS t ORDER BY 1")


def test_parents_of_parents_come_back_too_each_row_once(source: Source, archive: Archive) -> None:
    town.run(source, CHAIN)
    town.take_all(source, archive)
    before = {
        table: town.rows(source, f"SELECT t::text FROM {table} AS t ORDER BY 1")
        for table in ("organizations", "agents")
    }
    lose(source, LOSE_CHAIN)
    restored = bring_back(source, archive)
    brought = {(p["table"], p["owner"]): p["needed_by"] for p in restored.plan.to_json()["linked_parents"]}
    assert brought["public.regions", "platform/public.regions"] == ["public.agents"]
    assert set(brought["public.agents", "platform/public.agents"]) == {"public.bookings", "public.organizations"}
    assert brought["public.organizations", "vendor/1"] == ["public.vendors"]
    assert every_row(source, "agents") == before["agents"][:1]
    assert every_row(source, "organizations") == before["organizations"]


def test_a_parent_comes_from_the_recovery_point_at_or_before_the_asked_instant(
    source: Source, archive: Archive
) -> None:
    first = take_first(source, archive)
    town.run(source, "UPDATE venues SET name = 'New name' WHERE id = 1")
    town.take_all(source, archive)
    for as_of, name in ((first, "Barn"), (None, "New name")):
        lose(source, "DELETE FROM venues WHERE id = 1")
        bring_back(source, archive, as_of=as_of)
        assert town.rows(source, "SELECT name FROM venues WHERE id = 1") == [(name,)]


def test_a_parent_that_its_owner_had_snapshotted_only_later_is_found_there(source: Source, archive: Archive) -> None:
    town.taken_alone(source, archive, W3)
    first = archive.newest(W3)
    town.take_all(source, archive)
    lose(source, "DELETE FROM venues WHERE id = 1")
    bring_back(source, archive, as_of=first and first.taken_at)
    assert town.rows(source, "SELECT name FROM venues WHERE id = 1") == [("Barn",)]


def test_a_damaged_recovery_point_of_a_parent_is_named_and_an_older_one_used(
    source: Source, archive: Archive, tmp_path: Path
) -> None:
    town.take_all(source, archive)
    town.run(source, "UPDATE venues SET name = 'New name' WHERE id = 1")
    town.take_all(source, archive)
    newest = sorted((tmp_path / "vault/snapshots/platform/public.venues").iterdir())[-1]
    damage(newest / "personal-0.parquet")
    lose(source, "DELETE FROM venues WHERE id = 1")
    restored = bring_back(source, archive)
    refused = {"snapshot_id": newest.name, "why": "altered", "owner": "platform/public.venues", "supplement": False}
    assert restored.plan.to_json()["refused_snapshots"] == [refused]
    assert town.rows(source, "SELECT name FROM venues WHERE id = 1") == [("Barn",)]


def test_the_plan_says_exactly_which_row_is_missing_and_whose_it_is(source: Source, archive: Archive) -> None:
    town.taken_alone(source, archive, W3)
    lose(source, "DELETE FROM venues WHERE id = 1")
    plan = bring_back(source, archive, apply=False).plan
    assert plan.to_json()["missing_parents"] == [
        {
            "table": "public.weddings",
            "key": {"id": "3"},
            "columns": ["venue_id"],
            "parent": "public.venues",
            "parent_key": {"id": "1"},
            "owner": "platform/public.venues",
            "nullable": True,
        }
    ]
    (conflict,) = plan.conflicts
    assert conflict.code == "missing-parent"
    assert "has no recovery point" in conflict.detail
    assert "--allow-unlinked" in conflict.remedy


def test_unlinked_rows_come_back_without_the_link_and_are_listed_one_by_one(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    archive.vault.discard(next(archive.vault.snapshots(scope=ScopeId(Kind.PLATFORM, "public.venues"))))
    before = town.state(source)
    lose(source, "DELETE FROM venues WHERE id = 1")
    restored = bring_back(source, archive, consent=UNLINKED)
    assert [(link["table"], link["key"]) for link in restored.plan.to_json()["unlinked"]] == [
        ("public.weddings", {"id": "3"})
    ]
    assert town.rows(source, "SELECT venue_id FROM weddings WHERE id = 3") == [(None,)]
    assert town.state(source, "weddings", "venues") == {
        k: v for k, v in before.items() if k not in ("weddings", "venues")
    }
    assert bring_back(source, archive, consent=UNLINKED).plan.empty


def test_a_link_that_may_not_be_null_is_refused_with_a_remedy(source: Source, archive: Archive) -> None:
    town.run(source, "ALTER TABLE bookings ALTER vendor_id SET NOT NULL")
    town.taken_alone(source, archive, W3)
    lose(source, "DELETE FROM vendors WHERE id = 1")
    before = town.state(source)
    with pytest.raises(Conflict, match=r"bookings \(vendor_id\)") as refused:
        bring_back(source, archive, consent=UNLINKED)
    assert "may not be NULL" in refused.value.remedy
    assert town.state(source) == before


def test_a_parent_s_own_link_is_unlinked_as_well(source: Source, archive: Archive) -> None:
    town.run(source, CHAIN)
    town.take_all(source, archive)
    archive.vault.discard(next(archive.vault.snapshots(scope=ScopeId(Kind.PLATFORM, "public.regions"))))
    lose(source, LOSE_CHAIN)
    restored = bring_back(source, archive, consent=UNLINKED)
    assert [link["table"] for link in restored.plan.to_json()["unlinked"]] == ["public.agents"]
    assert town.rows(source, "SELECT region_id FROM agents") == [(None,)]
