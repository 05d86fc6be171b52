"""Lost parents come back as they were at the wedding's own instant, from what was sealed beside it."""

from pathlib import Path

import pytest

from wedsync_dr.errors import KeyMissing
from wedsync_dr.model import FindingCode, Kind, ScopeId
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.resolve import resolve
from wedsync_dr.restore.run import Restored, restore
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.opening import open_snapshot
from wedsync_dr.snapshot.take import take
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.vault import SnapshotRef
from wedsync_dr.verification.verify import verify
from wedsync_dr_tests import town

W3 = town.wedding(3)
CAKE, FIREWORKS = (ScopeId(Kind.VENDOR, f"~public.vendors~{number}") for number in (3, 9))
LOSE = ("DELETE FROM weddings WHERE id = 3", "DELETE FROM bookings WHERE vendor_id IN (3, 9)")


def snapshot(source: Source, archive: Archive, *scopes: ScopeId) -> str:
    batch = take(source, archive, scopes, now=town.NOW, requested_by="test")
    assert not batch.failed
    return batch.taken[0].snapshot_id


def bring_back(source: Source, archive: Archive, snapshot_id: str | None = None) -> Restored:
    return restore(source, archive, W3, snapshot_id=snapshot_id, apply=True, now=town.NOW, requested_by="test")


def origins(restored: Restored) -> dict[str, tuple[str, bool]]:
    """Where each lost parent came from."""
    return {f"{p.owner} {p.head.table.name}": (p.snapshot_id, p.supplement) for p in restored.plan.parents}


@pytest.fixture
def renamed(source: Source, archive: Archive) -> str:
    """Cake got another name after its snapshot, then wedding 3 was snapshotted; both are lost. The snapshot's id."""
    town.take_all(source, archive)
    town.run(source, "UPDATE vendors SET name = 'Big Cake' WHERE id = 3", "UPDATE bookings SET price = 9 WHERE id = 33")
    snapshot_id = snapshot(source, archive, W3)
    town.run(source, *LOSE, "DELETE FROM reviews WHERE vendor_id = 3", "DELETE FROM vendors WHERE id = 3")
    return snapshot_id


def name_of_cake(source: Source) -> list[tuple[object, ...]]:
    return town.rows(source, "SELECT name FROM vendors WHERE id = 3")


def file_of(home: Path, scope: ScopeId) -> Path:
    return next((home / f"vault/supplements/{scope}").rglob("*.parquet"))


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(bytes(data))


def test_a_vendor_created_and_booked_a_minute_ago_comes_back_with_the_wedding(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(
        source,
        "INSERT INTO organizations VALUES (7, 'New Group')",
        "INSERT INTO vendors VALUES (9, 7, 'Fireworks'), (8, NULL, 'Band')",
        "INSERT INTO bookings VALUES (398, 3, 8, 5), (399, 3, 9, 5)",
    )
    before = town.state(source, "outbox")
    snapshot_id = snapshot(source, archive, W3)
    town.run(source, *LOSE, "DELETE FROM bookings WHERE vendor_id IN (8, 9)")
    town.run(source, "DELETE FROM vendors WHERE id IN (8, 9)", "DELETE FROM organizations WHERE id = 7")
    town.run(source, "INSERT INTO bookings SELECT w * 10 + 3, w, 3, 1.50 FROM generate_series(1, 6) w WHERE w <> 3")
    restored = bring_back(source, archive)
    assert town.state(source, "outbox") == before
    assert origins(restored) == {
        "vendor/7 organizations": (snapshot_id, True),
        "vendor/7 vendors": (snapshot_id, True),
        "vendor/~public.vendors~8 vendors": (snapshot_id, True),
    }
    document = restored.plan.to_json()["linked_parents"]
    assert {(one["owner"], one["supplement"]) for one in document} == {
        ("vendor/7", True),
        ("vendor/~public.vendors~8", True),
    }


def test_a_vendor_comes_back_as_it_was_when_the_wedding_was_snapshotted(
    source: Source, archive: Archive, renamed: str
) -> None:
    restored = bring_back(source, archive)
    assert name_of_cake(source) == [("Big Cake",)]
    assert origins(restored) == {f"{CAKE} vendors": (renamed, True)}


@pytest.mark.parametrize(("asked", "name"), [(None, "Huge Cake"), ("then", "Big Cake")])
def test_a_newer_recovery_point_of_the_owner_comes_first_unless_the_instant_before_it_is_asked_for(
    source: Source, archive: Archive, asked: str | None, name: str
) -> None:
    town.take_all(source, archive)
    town.run(source, "UPDATE vendors SET name = 'Big Cake' WHERE id = 3", "UPDATE bookings SET price = 9 WHERE id = 33")
    then = snapshot(source, archive, W3)
    town.run(source, "UPDATE vendors SET name = 'Huge Cake' WHERE id = 3")
    town.taken(source, archive, CAKE)
    town.run(source, *LOSE, "DELETE FROM reviews WHERE vendor_id = 3", "DELETE FROM vendors WHERE id = 3")
    bring_back(source, archive, then if asked else None)
    assert name_of_cake(source) == [(name,)]


def test_a_damaged_supplement_is_a_finding_and_the_owners_snapshot_stands_in(
    source: Source, archive: Archive, renamed: str, tmp_path: Path
) -> None:
    flip(file_of(tmp_path, CAKE))
    archive = town.reopened(tmp_path)
    found = [(f.code, f.scope, f.snapshot_id, f.object) for f in verify(archive).findings]
    assert found == [(FindingCode.ALTERED, CAKE, renamed, "supplement/personal-0.parquet")]
    restored = bring_back(source, archive)
    assert name_of_cake(source) == [("Cake",)]
    assert origins(restored)[f"{CAKE} vendors"] == (next(archive.vault.snapshots(scope=CAKE)).snapshot_id, False)
    assert restored.plan.to_json()["refused_snapshots"] == [
        {"owner": str(CAKE), "snapshot_id": renamed, "why": "altered", "supplement": True}
    ]


def test_a_supplement_that_is_gone_is_missed(source: Source, archive: Archive, renamed: str, tmp_path: Path) -> None:
    for path in file_of(tmp_path, CAKE).parent.iterdir():
        path.unlink()
    archive = town.reopened(tmp_path)
    assert [(f.code, f.scope, f.object) for f in verify(archive).findings] == [
        (FindingCode.MISSING, CAKE, "supplement")
    ]
    ((ref, why),) = bring_back(source, archive).plan.refused_parents
    assert (ref, why) == (SnapshotRef(CAKE, renamed, supplement=True), "unsigned")


def test_erasing_the_vendors_key_erases_its_supplement_and_verify_names_it(
    source: Source, archive: Archive, tmp_path: Path
) -> None:
    town.take_all(source, archive)
    town.run(source, "INSERT INTO vendors VALUES (9, NULL, 'Fireworks')", "INSERT INTO bookings VALUES (399, 3, 9, 5)")
    snapshot_id = snapshot(source, archive, W3)
    (tmp_path / f"keyring/{FIREWORKS}/personal-1.json").unlink()
    beside = town.reopened(tmp_path).supplements
    with pytest.raises(KeyMissing):
        open_snapshot(beside, beside.vault.manifest(FIREWORKS, snapshot_id, beside.verifier))
    assert [(f.code, f.scope, f.object) for f in verify(town.reopened(tmp_path)).findings] == [
        (FindingCode.KEY_MISSING, FIREWORKS, "supplement/personal-0.parquet")
    ]


def test_a_supplement_in_the_place_of_a_snapshot_is_no_recovery_point(
    source: Source, archive: Archive, renamed: str, tmp_path: Path
) -> None:
    place = tmp_path / f"vault/snapshots/{CAKE}/{renamed}"
    file_of(tmp_path, CAKE).parent.rename(place)
    archive = town.reopened(tmp_path)
    point = resolve(archive, CAKE)
    assert point.manifest.snapshot_id != renamed
    assert [snapshot_id for snapshot_id, _ in point.refused] == [renamed]
    assert {(f.code, f.object) for f in verify(archive).findings} == {
        (FindingCode.UNSIGNED, "manifest.json"),
        (FindingCode.MISSING, "supplement"),
    }


def test_a_parents_parent_comes_from_beside_the_snapshot_that_the_parent_came_from(
    source: Source, archive: Archive
) -> None:
    town.run(
        source,
        "CREATE TABLE regions (id int PRIMARY KEY, name text)",
        "ALTER TABLE vendors ADD region_id int REFERENCES regions",
    )
    town.take_all(source, archive)
    town.run(
        source,
        "INSERT INTO regions VALUES (1, 'North')",
        "UPDATE vendors SET region_id = 1 WHERE id = 3",
        "UPDATE bookings SET price = 9 WHERE id = 33",
    )
    vendors = snapshot(source, archive, CAKE)
    snapshot(source, archive, W3)
    town.run(source, *LOSE, "DELETE FROM reviews WHERE vendor_id = 3", "DELETE FROM vendors WHERE id = 3")
    town.run(source, "DELETE FROM regions")
    restored = bring_back(source, archive)
    assert town.rows(source, "SELECT name FROM regions") == [("North",)]
    assert origins(restored) == {
        f"{CAKE} vendors": (vendors, False),
        "platform/public.regions regions": (vendors, True),
    }


def test_what_only_a_safety_snapshot_of_its_owner_holds_is_sealed_beside_the_wedding(
    source: Source, archive: Archive
) -> None:
    town.take_all(source, archive)
    town.run(source, "UPDATE vendors SET name = 'Big Cake' WHERE id = 3", "UPDATE reviews SET stars = 1 WHERE id = 3")
    replaced = restore(
        source, archive, CAKE, mode=Mode.replace, tables=["reviews"], apply=True, now=town.NOW, requested_by="test"
    )
    assert replaced.safety_snapshot_id
    town.run(source, "UPDATE bookings SET price = 9 WHERE id = 33")
    wedding = snapshot(source, archive, W3)
    town.run(source, *LOSE, "DELETE FROM reviews WHERE vendor_id = 3", "DELETE FROM vendors WHERE id = 3")
    assert origins(bring_back(source, archive)) == {f"{CAKE} vendors": (wedding, True)}
    assert name_of_cake(source) == [("Big Cake",)]
