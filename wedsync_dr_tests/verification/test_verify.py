"""Nothing is trusted unread: each kind of damage is found, named, and stops nothing."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from wedsync_dr.model import Finding, FindingCode
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.take import take
from wedsync_dr.vault.archive import Archive
from wedsync_dr.verification.verify import verify
from wedsync_dr_tests import town


@pytest.fixture
def home(source: Source, archive: Archive, tmp_path: Path) -> Path:
    """A vault with two snapshots of wedding 3 and of wedding 4, and one of everything else."""
    town.take_all(source, archive)
    town.run(source, "UPDATE guests SET name = 'Another' WHERE wedding_id IN (3, 4)", "DELETE FROM outbox")
    town.take_all(source, archive)
    return tmp_path


def findings(home: Path) -> set[tuple[str, str, str]]:
    return {(f.code.value, str(f.scope), f.object or "") for f in verify(town.reopened(home)).findings}


def snapshots(home: Path, number: int) -> list[Path]:
    return sorted((home / f"vault/snapshots/wedding/{number}").iterdir())


def write(path: Path, data: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(data)


def flip(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    write(path, bytes(data))


def test_an_intact_vault_has_no_findings_and_everything_was_read(home: Path) -> None:
    verification = verify(town.reopened(home))
    assert verification.findings == ()
    assert verification.intact
    files = list((home / "vault/snapshots").rglob("*.parquet"))
    assert verification.bytes == sum(path.stat().st_size for path in files)
    assert verification.checked == len(list((home / "vault/snapshots").rglob("manifest.json")))


@pytest.mark.parametrize("offset", [0, 4, 9, 200, -200, -9, -1])
def test_a_flipped_bit_is_found_and_named(home: Path, offset: int) -> None:
    flip(snapshots(home, 3)[1] / "personal-0.parquet", offset)
    assert findings(home) == {("altered", "wedding/3", "personal-0.parquet")}


def test_a_truncated_object_is_found(home: Path) -> None:
    path = snapshots(home, 3)[1] / "personal-0.parquet"
    write(path, path.read_bytes()[:-20])
    assert findings(home) == {("altered", "wedding/3", "personal-0.parquet")}


def test_a_missing_object_is_found(home: Path) -> None:
    (snapshots(home, 3)[1] / "business-0.parquet").unlink()
    assert findings(home) == {("missing", "wedding/3", "business-0.parquet")}


def test_an_older_object_in_a_newer_ones_place_is_found(home: Path) -> None:
    old, new = (snapshot / "personal-0.parquet" for snapshot in snapshots(home, 3))
    write(new, old.read_bytes())
    assert findings(home) == {("swapped", "wedding/3", "personal-0.parquet")}


def test_another_weddings_object_in_its_place_is_found(home: Path) -> None:
    mine, other = (snapshots(home, number)[1] / "personal-0.parquet" for number in (3, 4))
    first, second = mine.read_bytes(), other.read_bytes()
    write(mine, second)
    write(other, first)
    assert findings(home) == {("swapped", f"wedding/{number}", "personal-0.parquet") for number in (3, 4)}


def edit(path: Path, change: Callable[[dict[str, object]], None]) -> None:
    entry = json.loads(path.read_bytes())
    change(entry)
    write(path, json.dumps(entry, sort_keys=True, separators=(",", ":")).encode())


def test_an_edited_manifest_is_unsigned(home: Path) -> None:
    edit(snapshots(home, 3)[1] / "manifest.json", lambda entry: entry.update(lsn="0/0"))
    assert findings(home) == {("unsigned", "wedding/3", "manifest.json")}


def test_half_a_manifest_is_unsigned(home: Path) -> None:
    path = snapshots(home, 3)[1] / "manifest.json"
    write(path, path.read_bytes()[:100])
    assert findings(home) == {("unsigned", "wedding/3", "manifest.json")}


def test_a_manifest_of_a_newer_format_is_refused_as_such(home: Path) -> None:
    edit(snapshots(home, 3)[1] / "manifest.json", lambda entry: entry.update(version=2))
    assert findings(home) == {("newer-format", "wedding/3", "manifest.json")}


def test_the_manifest_of_another_snapshot_is_refused(home: Path) -> None:
    old, new = (snapshot / "manifest.json" for snapshot in snapshots(home, 3))
    write(new, old.read_bytes())
    assert findings(home) == {("unsigned", "wedding/3", "manifest.json")}


def test_a_removed_snapshot_is_missed(home: Path) -> None:
    shutil.rmtree(snapshots(home, 3)[1])
    assert findings(home) == {("missing", "wedding/3", "")}


def test_a_removed_manifest_is_missed_and_its_objects_are_orphans(home: Path) -> None:
    (snapshots(home, 3)[1] / "manifest.json").unlink()
    assert findings(home) == {("missing", "wedding/3", ""), ("orphan-object", "wedding/3", "")}


def test_a_snapshot_put_back_after_its_removal_is_older_than_the_ledger(home: Path) -> None:
    directory = snapshots(home, 3)[0]
    archive = town.reopened(home)
    line = {"kind": "wedding", "id": "3", "snapshot_id": directory.name}
    archive.ledger.append("removed", {"snapshots": [line]}, town.NOW)
    assert findings(home) == {("older-than-ledger", "wedding/3", "")}


def test_a_snapshot_that_no_entry_names_is_found(source: Source, home: Path) -> None:
    entries = sorted((home / "vault/ledger").iterdir())
    batch = [path for path in entries if '"id":"4"' in path.read_text() and "snapshots" in path.read_text()][-1]
    for path in entries[entries.index(batch) :]:
        path.unlink()
    stored = ("wedding/3", "wedding/4", "schema/database")
    assert findings(home) == {("not-in-ledger", scope, "") for scope in stored}


def test_an_edited_ledger_entry_is_found(home: Path) -> None:
    entries = sorted((home / "vault/ledger").iterdir())
    edit(entries[0], lambda entry: entry.update(at="2020-01-01T00:00:00.000000Z"))
    assert findings(home) == {("ledger-broken", "None", "ledger/000000000000.json")}


def test_a_missing_ledger_entry_is_found(home: Path) -> None:
    entries = sorted((home / "vault/ledger").iterdir())
    (entries[2]).unlink()
    assert ("ledger-broken", "None", "ledger/000000000003.json") in findings(home)


def test_ledger_entries_in_another_order_are_found(home: Path) -> None:
    first, second = sorted((home / "vault/ledger").iterdir())[1:3]
    one, two = first.read_bytes(), second.read_bytes()
    write(first, two)
    write(second, one)
    assert {code for code, _, _ in findings(home)} >= {"ledger-broken"}


def test_an_object_that_the_manifest_does_not_list_is_found(home: Path) -> None:
    directory = snapshots(home, 3)[1]
    shutil.copy(directory / "personal-0.parquet", directory / "personal-1.parquet")
    assert findings(home) == {("orphan-object", "wedding/3", "personal-1.parquet")}


def test_a_foreign_file_is_named_and_left_alone(home: Path) -> None:
    (home / "vault/snapshots/README.txt").write_text("hello")
    assert findings(home) == {("foreign-file", "None", "snapshots/README.txt")}
    assert (home / "vault/snapshots/README.txt").exists()


def test_a_missing_key_is_found_for_its_objects_alone(home: Path) -> None:
    (home / "keyring/wedding/3/personal-1.json").unlink()
    assert findings(home) == {("key-missing", "wedding/3", "personal-0.parquet")}


def test_a_key_file_of_another_scope_does_not_open_anything(home: Path) -> None:
    write(home / "keyring/wedding/3/personal-1.json", (home / "keyring/wedding/4/personal-1.json").read_bytes())
    assert findings(home) == {("unreadable", "wedding/3", "personal-0.parquet")}


def test_all_damage_is_named_not_the_first_only(home: Path) -> None:
    for number in (3, 4):
        flip(snapshots(home, number)[1] / "personal-0.parquet", 300)
    (snapshots(home, 3)[0] / "business-0.parquet").unlink()
    assert findings(home) == {
        ("altered", "wedding/3", "personal-0.parquet"),
        ("altered", "wedding/4", "personal-0.parquet"),
        ("missing", "wedding/3", "business-0.parquet"),
    }


def test_several_processes_find_what_one_finds(home: Path) -> None:
    for number, offset in ((3, 500), (4, -9)):
        flip(snapshots(home, number)[0] / "personal-0.parquet", offset)
    (snapshots(home, 4)[1] / "manifest.json").unlink()
    alone = verify(town.reopened(home), processes=1)
    assert len(alone.findings) >= 4
    assert verify(town.reopened(home), processes=2) == alone


def test_nothing_checked_is_a_finding(archive: Archive) -> None:
    verification = verify(archive)
    assert [finding.code for finding in verification.findings] == [FindingCode.NOTHING_CHECKED]
    assert not verification.intact


def test_one_wedding_can_be_verified_alone(home: Path) -> None:
    flip(snapshots(home, 4)[1] / "personal-0.parquet", 300)
    assert verify(town.reopened(home), [town.wedding(3)]).findings == ()
    assert verify(town.reopened(home), [town.wedding(4)]).findings


def test_a_reference_that_names_nothing_is_an_open_link(source: Source, archive: Archive) -> None:
    town.run(source, "ALTER TABLE rsvps DISABLE TRIGGER ALL", "UPDATE rsvps SET guest_id = 311311 WHERE guest_id = 311")
    take(source, archive, [town.wedding(3)], now=town.NOW, requested_by="test")
    assert all(isinstance(finding, Finding) for finding in verify(archive).findings)
