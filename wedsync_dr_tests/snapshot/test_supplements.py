"""A snapshot is complete at its own instant: what it links to and no newest snapshot holds is sealed beside it."""

from dataclasses import replace
from pathlib import Path

import pytest

from wedsync_dr.model import Kind, ScopeId, TableName
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.batch import Batch
from wedsync_dr.snapshot.limits import LIMITS, Limits
from wedsync_dr.snapshot.opening import OpenSnapshot, open_snapshot
from wedsync_dr.snapshot.take import take
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.vault import SnapshotRef
from wedsync_dr.verification.verify import verify
from wedsync_dr_tests import town

CAKE = ScopeId(Kind.VENDOR, "~public.vendors~3")
VENUES = ScopeId(Kind.PLATFORM, "public.venues")
A_MINUTE_AGO = ("INSERT INTO vendors VALUES (9, NULL, 'Fireworks')", "INSERT INTO bookings VALUES (399, 3, 9, 5)")
FIREWORKS = ScopeId(Kind.VENDOR, "~public.vendors~9")
PACKAGES = """
CREATE TABLE regions (id int PRIMARY KEY, name text);
CREATE TABLE packages (id int PRIMARY KEY, vendor_id int NOT NULL REFERENCES vendors, region_id int REFERENCES regions,
name text);
ALTER TABLE bookings ADD package_id int REFERENCES packages;
"""


def take_some(source: Source, archive: Archive, *scopes: ScopeId, limits: Limits = LIMITS) -> Batch:
    batch = take(source, archive, scopes, now=town.NOW, requested_by="test", limits=limits)
    assert not batch.failed
    return batch


def refs(archive: Archive) -> list[SnapshotRef]:
    return list(archive.vault.supplements.snapshots())


def opened(archive: Archive) -> list[OpenSnapshot]:
    beside = archive.supplements
    found = [beside.vault.manifest(ref.scope, ref.snapshot_id, archive.verifier) for ref in refs(archive)]
    return [open_snapshot(beside, manifest) for manifest in found]


def lines(archive: Archive) -> dict[str, list[bytes]]:
    """The supplements' rows by owner and table."""
    return {
        f"{found.manifest.scope} {name.name}": sorted(table.lines)
        for found in opened(archive)
        for name, table in found.tables.items()
    }


def test_nothing_is_sealed_beside_a_batch_that_takes_everything(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    assert refs(archive) == []


def test_nothing_is_sealed_where_every_owners_newest_snapshot_holds_what_is_linked(
    source: Source, archive: Archive
) -> None:
    town.take_all(source, archive)
    town.run(
        source, "UPDATE guests SET name = 'Other' WHERE wedding_id = 3", "UPDATE vendors SET name = 'x' WHERE id = 2"
    )
    take_some(source, archive, ScopeId(Kind.VENDOR, "2"))
    (taken,) = take_some(source, archive, town.wedding(3)).taken
    assert (taken.status, refs(archive)) == ("stored", [])


def test_a_vendor_of_a_minute_ago_is_sealed_beside_the_wedding_that_booked_it(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, *A_MINUTE_AGO)
    (taken,) = take_some(source, archive, town.wedding(3)).taken
    assert lines(archive) == {f"{FIREWORKS} vendors": [b"9\t\\N\tFireworks\n"]}
    assert refs(archive) == [SnapshotRef(FIREWORKS, taken.snapshot_id, supplement=True)]
    assert verify(archive).findings == ()


def test_a_row_that_changed_after_its_owners_newest_snapshot_is_sealed_as_it_is(
    source: Source, archive: Archive
) -> None:
    town.take_all(source, archive)
    town.run(
        source,
        "UPDATE vendors SET name = 'Big Cake' WHERE id = 3",
        "UPDATE venues SET name = 'Old Barn' WHERE id = 1",
        "UPDATE venues SET name = 'unlinked' WHERE id = 3",
        "UPDATE guests SET name = 'Other' WHERE wedding_id = 3",
    )
    take_some(source, archive, town.wedding(3))
    assert lines(archive) == {f"{CAKE} vendors": [b"3\t\\N\tBig Cake\n"], f"{VENUES} venues": [b"1\tOld Barn\n"]}


def test_what_a_supplement_refers_to_is_sealed_as_well_through_any_number_of_tables(
    source: Source, archive: Archive
) -> None:
    town.run(source, PACKAGES)
    town.take_all(source, archive)
    town.run(
        source,
        "INSERT INTO organizations VALUES (7, 'New Group')",
        "INSERT INTO vendors VALUES (9, 7, 'Fireworks')",
        "INSERT INTO regions VALUES (1, 'North')",
        "INSERT INTO packages VALUES (5, 9, 1, 'Big')",
        "INSERT INTO bookings VALUES (399, 3, NULL, 5, 5)",
    )
    take_some(source, archive, town.wedding(3))
    assert lines(archive) == {
        "vendor/7 organizations": [b"7\tNew Group\n"],
        "vendor/7 vendors": [b"9\t7\tFireworks\n"],
        "vendor/7 packages": [b"5\t1\t9\tBig\n"],
        "platform/public.regions regions": [b"1\tNorth\n"],
    }
    assert verify(archive).findings == ()


def test_an_old_row_that_has_a_new_owner_is_sealed_for_that_one(source: Source, archive: Archive) -> None:
    town.run(source, PACKAGES, "INSERT INTO packages VALUES (5, 3, NULL, 'Big')")
    town.run(source, "UPDATE bookings SET package_id = 5 WHERE id = 33")
    town.take_all(source, archive)
    town.run(
        source, "UPDATE vendors SET organization_id = 1 WHERE id = 3", "UPDATE bookings SET price = 9 WHERE id = 33"
    )
    take_some(source, archive, town.wedding(3))
    assert lines(archive) == {
        "vendor/1 vendors": [b"3\t1\tCake\n"],
        "vendor/1 packages": [b"5\t\\N\t3\tBig\n"],
    }


def test_links_of_a_supplement_name_owners_its_own_among_them(source: Source, archive: Archive) -> None:
    town.run(source, PACKAGES, "INSERT INTO regions VALUES (1, 'North')")
    town.take_all(source, archive)
    town.run(
        source,
        "INSERT INTO packages VALUES (5, 1, 1, 'Big')",
        "UPDATE bookings SET package_id = 5 WHERE wedding_id = 3",
    )
    take_some(source, archive, town.wedding(3))
    (found,) = opened(archive)
    assert {(link.table.name, link.values, str(link.owner)) for link in found.links} == {
        ("vendors", ("1",), "vendor/1"),
        ("regions", ("1",), "platform/public.regions"),
    }


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE gifts (id int)",
        "ALTER TABLE spare RENAME TO tents",
        "SELECT pg_stat_reset_shared('bgwriter')",
    ],
)
def test_where_the_past_may_have_been_another_one_everything_linked_is_sealed(
    source: Source, archive: Archive, change: str
) -> None:
    town.run(source, "CREATE TABLE spare (id int PRIMARY KEY, name text)")
    town.take_all(source, archive)
    town.run(source, change, "UPDATE guests SET name = 'Other' WHERE wedding_id = 3")
    take_some(source, archive, town.wedding(3))
    assert {str(ref.scope) for ref in refs(archive)} == {"vendor/1", "vendor/2", str(CAKE), str(VENUES)}


def test_rules_that_changed_say_nothing_of_who_owned_what(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, "UPDATE guests SET name = 'Other' WHERE wedding_id = 3")
    rules = town.parse_rules(town.RULES + "[walk]\nnot_through = ['public.outbox']\n")
    take_some(replace(source, rules=rules), archive, town.wedding(3))
    assert len(refs(archive)) == 4


def test_a_snapshot_that_is_still_current_counts_as_one_of_that_instant(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, "CREATE TABLE gifts (id int)", "UPDATE guests SET name = 'Other' WHERE wedding_id = 3")
    town.take_all(source, archive)
    town.run(source, "UPDATE guests SET name = 'Third' WHERE wedding_id = 3")
    take_some(source, archive, town.wedding(3))
    assert refs(archive) == []


def test_an_owner_without_an_intact_newest_snapshot_holds_nothing(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, "UPDATE guests SET name = 'Other' WHERE wedding_id = 3")
    archive.vault.discard(next(archive.vault.snapshots(scope=VENUES)))
    take_some(source, archive, town.wedding(3))
    assert [ref.scope for ref in refs(archive)] == [VENUES]


def test_a_transaction_that_was_open_at_the_snapshot_settles_nothing(source: Source, archive: Archive) -> None:
    with town.open_transaction(source, "UPDATE vendors SET name = 'Late' WHERE id = 3"):
        town.take_all(source, archive)
    town.run(source, "UPDATE guests SET name = 'Other' WHERE wedding_id = 3")
    take_some(source, archive, town.wedding(3))
    assert lines(archive) == {f"{CAKE} vendors": [b"3\t\\N\tLate\n"]}


def test_a_row_whose_owner_is_in_the_batch_is_not_sealed_twice(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, *A_MINUTE_AGO)
    take_some(source, archive, town.wedding(3), FIREWORKS)
    assert refs(archive) == []


def test_a_supplement_is_no_recovery_point_of_its_owner(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    before = list(archive.vault.snapshots(scope=CAKE))
    town.run(source, "UPDATE vendors SET name = 'Big Cake' WHERE id = 3", "UPDATE bookings SET price = 9 WHERE id = 33")
    take_some(source, archive, town.wedding(3))
    assert [ref.scope for ref in refs(archive)] == [CAKE]
    assert list(archive.vault.snapshots(scope=CAKE)) == before
    (taken,) = take_some(source, archive, CAKE).taken
    assert (taken.status, taken.rows) == ("stored", 2)


def test_a_table_that_is_left_out_is_not_protected_by_a_side_door(source: Source, archive: Archive) -> None:
    rules = (
        town.RULES + '[[left_out]]\ntable = "public.venues"\nreason = "a map service has them"\nuntil = 2030-01-01\n'
    )
    (_,) = take_some(replace(source, rules=town.parse_rules(rules)), archive, town.wedding(3)).taken
    assert TableName("public", "venues") not in {name for found in opened(archive) for name in found.tables}
    assert len(refs(archive)) == 3


def test_a_lost_key_is_not_made_again_for_a_supplement(source: Source, archive: Archive, tmp_path: Path) -> None:
    town.take_all(source, archive)
    (tmp_path / f"keyring/{CAKE}/personal-1.json").unlink()
    town.run(source, "UPDATE vendors SET name = 'Big Cake' WHERE id = 3", "UPDATE bookings SET price = 9 WHERE id = 33")
    batch = take(source, town.reopened(tmp_path), [town.wedding(3)], now=town.NOW, requested_by="test")
    assert [taken.scope for taken in batch.taken] == [town.wedding(3)]
    assert [(failed.scope, type(failed.error).__name__) for failed in batch.failed] == [(CAKE, "KeyMissing")]
    assert refs(archive) == []


def test_groups_of_one_batch_have_supplements_of_their_own(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, "UPDATE vendors SET name = 'Big Cake' WHERE id = 3", "UPDATE guests SET name = 'Other'")
    take_some(source, archive, town.wedding(3), town.wedding(4), limits=replace(LIMITS, group_scopes=1))
    assert [ref.scope for ref in refs(archive)] == [CAKE, CAKE]
    assert verify(archive).findings == ()
