"""Scenarios in which the vault is damaged, away or full, or rows were broken before (docs/wedsync-interface.md)."""

import shutil
from dataclasses import replace

import pytest

from wedsync_dr.demo.accident import destroy, flip_bit
from wedsync_dr.errors import Damaged, NotInitialised, VaultUnavailable
from wedsync_dr.model import FindingCode
from wedsync_dr.restore.resolve import resolve
from wedsync_dr.restore.terms import Consent
from wedsync_dr.settings import open_archive, open_source
from wedsync_dr.snapshot.take import take
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.vault import Vault
from wedsync_dr.verification.record import verify_on_record
from wedsync_dr.verification.verify import verify
from wedsync_dr_tests.conftest import NOW
from wedsync_dr_tests.scenarios.conftest import Day
from wedsync_dr_tests.store_contract import FullStore


def test_05_the_newest_snapshot_of_a_wedding_in_progress_is_read_in_depth(day: Day) -> None:
    day.sql("UPDATE guests SET remark = 'dancing' WHERE wedding_id = $W")
    day.take([day.wedding])
    found = verify_on_record(day.archive, [day.wedding], now=NOW, requested_by="a scenario")
    assert found.findings == ()
    assert found.checked >= 2
    assert day.archive.ledger.known().newest[day.wedding] == resolve(day.archive, day.wedding).manifest.snapshot_id


def test_07_one_flipped_bit_among_the_guests_is_named_and_nothing_else(day: Day) -> None:
    personal = next(path for path in day.objects() if path.name.startswith("personal"))
    flip_bit(personal)
    findings = verify(day.archive).findings
    assert {(one.code, one.scope) for one in findings} == {(FindingCode.ALTERED, day.wedding)}
    assert {(one.object or "").rpartition("/")[2] for one in findings} == {personal.name}
    assert all(resolve(day.archive, other).manifest for other in day.others(3))


def test_09_rows_that_refer_to_nothing_are_named_each_with_its_constraint(day: Day) -> None:
    day.break_in(
        "UPDATE guests SET household_id = gen_random_uuid() WHERE id IN"
        " (SELECT id FROM guests WHERE wedding_id = $W LIMIT 2)",
        "UPDATE bookings SET vendor_id = gen_random_uuid(), service_id = NULL WHERE id IN"
        " (SELECT id FROM bookings WHERE wedding_id = $W LIMIT 1)",
    )
    day.take()
    before = day.look()
    destroy(day.source, day.wedding)
    plan = day.put_back(apply=False).plan
    broken = {(str(rows.head.table), rows.constraint) for rows in plan.dirty}
    assert broken == {("public.guests", "guests_household_id_fkey"), ("public.bookings", "bookings_vendor_id_fkey")}
    assert day.put_back(consent=Consent(dirty=True)).applied
    assert day.look().scope_hash == before.scope_hash


def test_11_a_snapshot_that_is_missing_in_the_series_is_found_and_an_instant_names_the_right_one(day: Day) -> None:
    taken = []
    for guest in ("one", "two"):
        day.sql(f"UPDATE guests SET remark = '{guest}' WHERE wedding_id = $W")
        taken.append(day.take([day.wedding]).taken[0])
    first, second = taken
    assert resolve(day.archive, day.wedding, first.taken_at).manifest.snapshot_id == first.snapshot_id
    shutil.rmtree(day.home / "vault" / "snapshots" / "wedding" / day.wedding.id / first.snapshot_id)
    archive = open_archive(day.settings)
    gaps = [(one.code, one.snapshot_id) for one in verify(archive, [day.wedding]).findings]
    assert gaps == [(FindingCode.MISSING, first.snapshot_id)]
    assert resolve(archive, day.wedding).manifest.snapshot_id == second.snapshot_id


def test_17_the_newest_snapshot_is_damaged_and_refused_and_the_next_older_one_is_used(day: Day) -> None:
    before = day.look()
    older = resolve(day.archive, day.wedding).manifest.snapshot_id
    day.sql("UPDATE guests SET remark = 'newer' WHERE wedding_id = $W")
    newest = day.take([day.wedding]).taken[0].snapshot_id
    flip_bit(day.objects()[-1])
    destroy(day.source, day.wedding)
    done = day.put_back()
    assert done.plan.manifest.snapshot_id == older
    assert [snapshot for snapshot, _ in done.plan.refused] == [newest]
    assert day.look().scope_hash == before.scope_hash
    for path in day.objects():
        if path.parent.name == older:
            flip_bit(path)
    with pytest.raises(Damaged):
        resolve(open_archive(day.settings), day.wedding)


def test_18_a_vault_that_cannot_be_reached_fails_the_snapshot_and_loses_nothing(day: Day) -> None:
    away = day.home / "away"
    (day.home / "vault").rename(away)
    with pytest.raises(NotInitialised, match="There is no vault"):
        day.take([day.wedding])
    away.rename(day.home / "vault")
    assert verify(open_archive(day.settings)).findings == ()
    assert not day.take([day.wedding]).failed


def test_20_a_full_disk_stops_the_batch_and_the_next_one_finishes_and_leaves_no_litter(day: Day) -> None:
    day.sql("UPDATE guests SET remark = 'more'")
    cramped = Archive.open(Vault(FullStore(day.archive.vault.store, room=60_000)), day.archive.keyring)
    with pytest.raises(VaultUnavailable):
        take(day.source, cramped, None, now=NOW, requested_by="a scenario", workers=1)
    assert not day.take().failed
    found = verify(open_archive(day.settings))
    assert found.findings == ()
    assert not list((day.home / "vault").rglob("*.tmp*"))


def test_21_the_region_is_lost_and_a_copy_of_vault_and_keyring_restores_elsewhere(
    day: Day, other_database: str
) -> None:
    elsewhere = day.home / "elsewhere"
    for name in ("vault", "keyring"):
        shutil.copytree(day.home / name, elsewhere / name)
    shutil.copy(day.home / "root.key", elsewhere / "root.key")
    before = day.look()
    for name in ("vault", "keyring"):
        shutil.rmtree(day.home / name)
    settings = replace(
        day.settings,
        vault_url=(elsewhere / "vault").as_uri(),
        keyring_url=(elsewhere / "keyring").as_uri(),
        root_key=(elsewhere / "root.key").as_uri(),
    )
    there = replace(day, settings=settings, source=open_source(settings), archive=open_archive(settings))
    destroy(there.source, there.wedding)
    assert there.put_back().applied
    assert there.look() == before


def test_22_whoever_encrypts_the_store_is_found_out_and_a_copy_brings_everything_back(day: Day) -> None:
    copied = day.home / "copy"
    shutil.copytree(day.home / "vault", copied)
    for path in day.objects():
        path.chmod(0o600)
        path.write_bytes(b"pay us" * 100)
    attacked = open_archive(day.settings)
    assert {one.scope for one in verify(attacked).findings} == {day.wedding}
    with pytest.raises(Damaged):
        resolve(attacked, day.wedding)
    shutil.rmtree(day.home / "vault")
    shutil.copytree(copied, day.home / "vault")
    assert verify(open_archive(day.settings)).findings == ()
