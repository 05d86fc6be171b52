"""What a restore needs from others, and what stands in its way: parents, other owners, unique keys."""

import pytest

from wedsync_dr.errors import Conflict
from wedsync_dr.scope.rules import parse_rules
from wedsync_dr.scope.survey import Source
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests import town
from wedsync_dr_tests.restore.test_restore import LOSE_ALL, W3, bring_back


def test_lost_parents_come_from_their_owners_snapshots(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    before = town.state(source)
    town.run(
        source,
        *LOSE_ALL,
        "SET session_replication_role = replica",
        "DELETE FROM vendors WHERE id IN (1, 3)",
        "DELETE FROM organizations WHERE id = 1",
        "DELETE FROM venues WHERE id = 1",
    )
    restored = bring_back(source, archive)
    owners = {(parent["table"], parent["owner"]) for parent in restored.plan.to_json()["linked_parents"]}
    assert owners == {
        ("public.vendors", "vendor/1"),
        ("public.organizations", "vendor/1"),
        ("public.vendors", "vendor/~public.vendors~3"),
        ("public.venues", "platform/public.venues"),
    }
    assert town.state(source, "organizations") == {k: v for k, v in before.items() if k != "organizations"}


def test_a_parent_that_no_snapshot_has_is_a_conflict(source: Source, archive: Archive) -> None:
    town.taken_alone(source, archive, W3)
    town.run(source, *LOSE_ALL, "SET session_replication_role = replica; DELETE FROM venues WHERE id = 1")
    before = town.state(source)
    with pytest.raises(Conflict, match="venues"):
        bring_back(source, archive)
    assert town.state(source) == before


def test_a_row_that_is_now_somebody_elses_is_a_conflict(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, "UPDATE guests SET wedding_id = 4, household_id = NULL WHERE id = 311")
    before = town.state(source)
    with pytest.raises(Conflict, match="wedding/4"):
        bring_back(source, archive)
    assert town.state(source) == before


def test_a_taken_unique_key_is_a_conflict_before_anything_changes(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, *LOSE_ALL, "UPDATE clients SET email = 'client3@example.org' WHERE id = 4")
    planned = bring_back(source, archive, apply=False)
    assert [conflict.code for conflict in planned.plan.conflicts] == ["unique-key-taken"]
    assert "client3" not in str(planned.to_json())


def test_a_row_that_others_refer_to_is_not_deleted(source: Source, archive: Archive) -> None:
    town.run(source, "ALTER TABLE reviews ADD FOREIGN KEY (guest_id) REFERENCES guests")
    rules = town.RULES + '[tables."public.reviews"]\nwedding_through = []\n'
    source = Source(source.url, parse_rules(rules))
    town.take_all(source, archive)
    town.run(
        source,
        "INSERT INTO guests (id, wedding_id, name) VALUES (888, 3, 'Later')",
        "UPDATE reviews SET guest_id = 888 WHERE id = 1",
    )
    planned = bring_back(source, archive, apply=False)
    assert [conflict.code for conflict in planned.plan.conflicts] == ["still-referenced"]
