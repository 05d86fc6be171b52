"""Only what changed is read, and what is said to be current is; where anything is in doubt, the rows are read."""

import shutil
from pathlib import Path
from uuid import UUID

import numpy as np
import pyarrow as pa
import pytest

from wedsync_dr.errors import KeyMissing, VaultUnavailable
from wedsync_dr.model import SCHEMA, Kind, ScopeId, TableName
from wedsync_dr.scope.survey import Source, survey
from wedsync_dr.snapshot.batch import UNCHANGED, Batch
from wedsync_dr.snapshot.fingerprints import Fingerprints, changed, fingerprints, parse_scope
from wedsync_dr.snapshot.opening import open_snapshot
from wedsync_dr.snapshot.remembered import CHANGES, Remembered, Stands, recall, remember
from wedsync_dr.snapshot.take import take
from wedsync_dr.snapshot.unmoved import moved
from wedsync_dr.source.changes import Horizon
from wedsync_dr.source.session import lock_scopes
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.local import LocalStore
from wedsync_dr.vault.vault import Vault
from wedsync_dr.verification.verify import verify
from wedsync_dr_tests import town
from wedsync_dr_tests.town import wedding

CHANGE = "UPDATE visits SET page = 'x' WHERE wedding_id = 3"


def take_changed(source: Source, archive: Archive, *scopes: ScopeId, within_days: int | None = None) -> Batch:
    wanted = list(scopes) or None
    now, by = town.NOW, "test"
    return take(source, archive, wanted, now=now, requested_by=by, changed_only=True, within_days=within_days)


def read(batch: Batch) -> set[ScopeId]:
    """The scopes whose rows were read; the schema is looked at each time."""
    return {taken.scope for taken in batch.taken if taken.status != UNCHANGED} - {SCHEMA}


def everything(batch: Batch) -> set[ScopeId]:
    return {taken.scope for taken in batch.taken} - {SCHEMA}


def test_only_what_changed_is_read(source: Source, archive: Archive) -> None:
    whole = town.take_all(source, archive)
    assert read(take_changed(source, archive)) == set()
    town.run(source, CHANGE)
    batch = take_changed(source, archive)
    assert read(batch) == {wedding(3)}
    assert everything(batch) == everything(whole)
    assert batch.unchanged == len(everything(whole)) - 1
    assert read(take_changed(source, archive)) == set()
    assert not verify(archive).findings


def test_the_ledger_says_of_what_is_not_read_that_it_is_current_at_the_instant(
    source: Source, archive: Archive
) -> None:
    town.take_all(source, archive)
    (instant,) = {taken.taken_at for taken in take_changed(source, archive).taken}
    current = archive.ledger.known().current
    assert {current[wedding(number)] for number in range(1, 7)} == {f"{instant:%Y-%m-%dT%H:%M:%S.%fZ}"}


def test_without_fingerprints_everything_is_read_and_it_says_so(source: Source, archive: Archive) -> None:
    first = take_changed(source, archive)
    assert read(first) >= {wedding(1), ScopeId(Kind.VENDOR, "1")}
    assert "stored yet" in first.notes[0]


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "key"])
def test_fingerprints_that_cannot_be_read_are_none(
    source: Source, archive: Archive, tmp_path: Path, damage: str
) -> None:
    whole = town.take_all(source, archive)
    (stored,) = (tmp_path / "vault" / "changes").iterdir()
    data = stored.read_bytes()
    if damage == "key":
        shutil.rmtree(tmp_path / "keyring" / CHANGES.kind.value / CHANGES.id)
    else:
        bad = {"flip": data[:50] + bytes([data[50] ^ 1]) + data[51:], "cut": data[:-9], "empty": b""}[damage]
        stored.chmod(0o600)
        stored.write_bytes(bad)
    batch = take_changed(source, town.reopened(tmp_path))
    assert read(batch) == everything(whole)
    assert not batch.failed
    assert "cannot be read" in batch.notes[0]
    assert read(take_changed(source, town.reopened(tmp_path))) == set()


def test_a_scope_whose_newest_snapshot_is_another_one_is_read(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, CHANGE)
    town.taken(source, archive, wedding(3))
    assert read(take_changed(source, archive)) == {wedding(3)}
    assert read(take_changed(source, archive)) == set()


def test_a_scope_whose_newest_snapshot_is_gone_is_read(source: Source, archive: Archive) -> None:
    """Its older snapshot has other rows, which must not be called current."""
    town.take_all(source, archive)
    town.run(source, CHANGE)
    take_changed(source, archive)
    newest = archive.vault.newest(wedding(3))
    assert newest is not None
    line = {"kind": "wedding", "id": "3", "snapshot_id": newest.snapshot_id}
    archive.ledger.append("removed", {"snapshots": [line]}, town.NOW)
    archive.vault.discard(newest)
    batch = take_changed(source, archive)
    assert {(taken.scope, taken.status) for taken in batch.taken if taken.status == "stored"} == {
        (wedding(3), "stored")
    }
    assert visits(archive) == [b"3\tx\n", b"3\tx\n"]


def visits(archive: Archive) -> list[bytes]:
    newest = archive.newest(wedding(3))
    assert newest is not None
    return list(open_snapshot(archive, newest).tables[TableName("public", "visits")].lines)


def test_a_scope_whose_newest_snapshot_is_damaged_is_read(source: Source, archive: Archive, tmp_path: Path) -> None:
    town.take_all(source, archive)
    for sealed in (tmp_path / "vault" / "snapshots" / "wedding" / "3").rglob("personal-0.parquet"):
        sealed.unlink()
    assert read(take_changed(source, archive)) == {wedding(3)}


def test_a_scope_whose_key_is_lost_fails_and_is_not_called_current(
    source: Source, archive: Archive, tmp_path: Path
) -> None:
    town.take_all(source, archive)
    (tmp_path / "keyring" / "wedding" / "3" / "personal-1.json").unlink()
    batch = take_changed(source, town.reopened(tmp_path))
    assert [(failed.scope, type(failed.error)) for failed in batch.failed] == [(wedding(3), KeyMissing)]
    assert wedding(3) not in everything(batch)


def test_a_scope_that_could_not_be_taken_counts_as_changed_until_it_is(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, CHANGE)
    with lock_scopes(source.url, [wedding(3)], patience_s=0):
        assert [failed.scope for failed in take_changed(town.hasty(source), archive).failed] == [wedding(3)]
    assert read(take_changed(source, archive)) == {wedding(3)}


def test_a_change_while_a_batch_is_read_is_found_by_the_next_one(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, CHANGE)
    meanwhile = ["UPDATE visits SET page = 'later' WHERE wedding_id = 3", "DELETE FROM visits WHERE wedding_id = 5"]

    def progress(stage: str, done: int, total: int) -> None:
        if meanwhile:
            town.run(source, meanwhile.pop())

    take(source, archive, None, now=town.NOW, requested_by="test", changed_only=True, progress=progress)
    assert not meanwhile
    assert read(take_changed(source, archive)) == {wedding(3), wedding(5)}
    assert visits(archive) == [b"3\tlater\n", b"3\tlater\n"]


def test_named_scopes_are_read_only_if_they_changed(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, CHANGE, "DELETE FROM visits WHERE wedding_id = 5")
    batch = take_changed(source, archive, wedding(2), wedding(3))
    assert (read(batch), everything(batch)) == ({wedding(3)}, {wedding(2), wedding(3)})
    assert read(take_changed(source, archive)) == {wedding(5)}


def test_within_days_takes_near_weddings_and_their_vendors(source: Source, archive: Archive) -> None:
    """Wedding 1 was twelve days ago, 2 is today, 3 in twelve days; 7 has no date."""
    town.run(source, "INSERT INTO weddings VALUES (7)", "DELETE FROM bookings WHERE wedding_id < 4 AND vendor_id = 2")
    batch = take_changed(source, archive, within_days=12)
    organization, cake = ScopeId(Kind.VENDOR, "1"), ScopeId(Kind.VENDOR, "~public.vendors~3")
    assert everything(batch) == {wedding(2), wedding(3), wedding(7), organization, cake}
    assert everything(take_changed(source, archive, within_days=11)) == everything(batch) - {wedding(3)}


def test_a_full_pass_trusts_no_fingerprint_and_reports_what_they_missed(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    newest = archive.vault.newest(wedding(3))
    assert newest is not None
    town.run(source, CHANGE)
    lie(source, archive, {wedding(3): newest.snapshot_id})
    assert read(take_changed(source, archive, wedding(3))) == set()
    batch = town.take_all(source, archive)
    assert batch.untrusted == (wedding(3),)
    assert town.take_all(source, archive).untrusted == ()
    town.run(source, CHANGE)
    assert town.take_all(source, archive).untrusted == ()


def lie(source: Source, archive: Archive, held: dict[ScopeId, str]) -> None:
    """Remember of snapshots that they stand for rows which they do not hold: what a fault in fingerprints would do."""
    with survey(source) as seen:
        before, _ = recall(archive)
        now = fingerprints(seen, None)
        instant = seen.reader.instant
    batch = f"{instant.taken_at:%Y%m%dT%H%M%S.%f}Z-00000000"
    remember(archive, batch, instant, now, before, held)


def test_what_is_remembered_is_one_sealed_object_that_names_nothing(
    source: Source, archive: Archive, tmp_path: Path
) -> None:
    town.take_all(source, archive)
    town.run(source, CHANGE)
    take_changed(source, archive)
    (stored,) = (tmp_path / "vault" / "changes").iterdir()
    data = stored.read_bytes()
    assert not any(word in data for word in (b"guests", b"wedding", b"ARROW"))
    assert not list(archive.vault.foreign())


def test_what_is_remembered_is_the_same_for_another_process(source: Source, archive: Archive, tmp_path: Path) -> None:
    town.take_all(source, archive)
    with survey(source) as seen:
        assert moved(town.reopened(tmp_path), seen, [wedding(2), wedding(3)]) == []
    town.run(source, CHANGE)
    with survey(source) as seen:
        assert moved(town.reopened(tmp_path), seen, [wedding(2), wedding(3)]) == [wedding(3)]


class Forgetful(LocalStore):
    """Has room for everything but what batches remember."""

    def put(self, key: str, data: bytes, **how: object) -> None:
        if key.startswith("changes/"):
            raise VaultUnavailable("The disk is full.", remedy="Make room.")
        super().put(key, data)


def test_a_batch_that_cannot_remember_is_a_batch_all_the_same(source: Source, archive: Archive, tmp_path: Path) -> None:
    forgetful = Archive.open(Vault(Forgetful(tmp_path / "vault")), archive.keyring)
    batch = town.take_all(source, forgetful)
    assert "could not be stored" in batch.notes[0]
    assert not verify(archive).findings
    assert read(take_changed(source, archive)) == everything(batch)


def test_a_hundred_thousand_weddings_are_remembered_in_a_few_megabytes() -> None:
    chance, count = np.random.default_rng(1), 100_000
    scopes = [f"wedding/{UUID(bytes=chance.bytes(16))}" for _ in range(count)]
    sums = [chance.integers(0, 2**64, count, np.uint64, endpoint=False) for _ in range(2)]
    table = TableName("public", "guests")
    horizon = Horizon("server", "shape", "7:7:", 7)
    prints = Fingerprints(horizon, "rules", {table: -1}, frozenset({table}), pa.array(scopes), *sums)
    snapshots = pa.array([f"20261124T000000.{i % 500:06}Z-00000000" for i in range(count)])
    failed_last_time = pa.array(["wedding/failed-last-time", *scopes[1:]])
    stands = Stands(failed_last_time, prints.sums, snapshots)
    data = Remembered(prints, stands).to_bytes()
    again = Remembered.from_bytes(data)
    assert len(data) < 6_000_000
    assert again is not None
    assert dict(zip(*map(pa.Array.to_pylist, (again.stands.scopes, again.stands.snapshots)), strict=True)) == dict(
        zip(*map(pa.Array.to_pylist, (stands.scopes, stands.snapshots)), strict=True)
    )
    known = [parse_scope(scope) for scope in scopes]
    assert again.standing(prints, known) == [None, *snapshots.to_pylist()[1:]]
    assert changed(prints, again.prints) == frozenset()
    assert (again.prints.horizon, again.prints.rules) == (horizon, "rules")
    assert (again.prints.tables, again.prints.hot) == (prints.tables, prints.hot)
