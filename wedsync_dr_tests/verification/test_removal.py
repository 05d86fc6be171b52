"""Carrying out retention: the ledger first, the last readable snapshot never, and finished after any crash."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from wedsync_dr.errors import ScopeNotFound
from wedsync_dr.model import SCHEMA, ScopeId
from wedsync_dr.schedule.policy import DEFAULT, Policy, Retention
from wedsync_dr.schedule.retention import RetentionPlan, Role, plan_retention
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.inventory import held_snapshots
from wedsync_dr.source.session import lock_scopes
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.holds import hold, release
from wedsync_dr.vault.memory import MemoryStore
from wedsync_dr.vault.vault import SnapshotRef
from wedsync_dr.verification.removal import Retained, apply_retention
from wedsync_dr.verification.verify import verify
from wedsync_dr_tests import town
from wedsync_dr_tests.snapshot.test_crashes import FailingStore, PowerCut, open_archive

W3, W4 = town.wedding(3), town.wedding(4)
LATER = town.NOW + timedelta(days=365 * 20)
ONE = Retention(minimum=1)
POLICY = Policy({tier: replace(numbers, retention=ONE) for tier, numbers in DEFAULT.tiers.items()})


def change_and_take(source: Source, archive: Archive, times: int = 3) -> None:
    """Everything once, then two weddings again and again."""
    town.take_all(source, archive)
    for number in range(1, times):
        town.run(source, f"UPDATE guests SET name = name || '{number}' WHERE wedding_id IN (3, 4)")
        town.taken(source, archive, W3, W4)


def planned(source: Source, archive: Archive) -> RetentionPlan:
    return plan_retention(held_snapshots(source, archive, POLICY, LATER), POLICY, LATER)


def applied(source: Source, archive: Archive, plan: RetentionPlan | None = None) -> Retained:
    return apply_retention(source, archive, plan or planned(source, archive), now=LATER, by="a test")


def refs(archive: Archive, scope: ScopeId | None = None) -> list[SnapshotRef]:
    return list(archive.vault.snapshots(scope=scope))


def gone(retained: Retained) -> set[ScopeId]:
    return {removal.ref.scope for removal in retained.removed}


def test_what_the_plan_says_is_removed_and_the_ledger_names_each_with_its_reason(
    source: Source, archive: Archive
) -> None:
    change_and_take(source, archive)
    before, newest = refs(archive), archive.vault.newest(W3)
    plan = planned(source, archive)
    assert len(plan.removals) == 4
    done = applied(source, archive, plan)
    assert set(done.removed) == set(plan.removals) and not done.skipped and not done.finished
    assert set(before) - set(refs(archive)) == {removal.ref for removal in plan.removals}
    assert refs(archive, W3) == [newest]
    (entry,) = [entry for entry in archive.ledger.entries() if entry.event == "removed"]
    assert entry.body["by"] == "a test"
    assert {(line["id"], line["snapshot_id"], line["reason"]) for line in entry.body["snapshots"]} == {
        (one.ref.scope.id, one.ref.snapshot_id, one.reason) for one in plan.removals
    }
    assert verify(archive).findings == ()


@pytest.mark.parametrize("after", range(10))
def test_killed_at_any_write_the_next_run_finishes_and_nothing_that_was_kept_is_lost(
    source: Source, after: int
) -> None:
    store, keys = MemoryStore(), MemoryStore()
    change_and_take(source, open_archive(store, keys))
    plan = planned(source, open_archive(store, keys))
    failing = FailingStore(store, PowerCut())
    archive = open_archive(failing, keys)
    failing.left = after
    with pytest.raises(PowerCut):
        applied(source, archive, plan)
    again = open_archive(store, keys)
    assert {kept.ref for kept in plan.kept} <= set(refs(again))
    named = {key for key, one in again.ledger.known().snapshots.items() if one.removed}
    done = applied(source, again)
    assert {(ref.scope, ref.snapshot_id) for ref in done.finished} <= named
    assert {removal.ref for removal in plan.removals}.isdisjoint(refs(again))
    assert verify(again).findings == ()
    assert {kept.ref for kept in plan.kept} == set(refs(again))


def test_a_removal_that_was_named_and_not_carried_out_is_a_finding_until_the_next_run(source: Source) -> None:
    store, keys = MemoryStore(), MemoryStore()
    change_and_take(source, open_archive(store, keys))
    failing = FailingStore(store, PowerCut())
    archive = open_archive(failing, keys)
    failing.left = 1
    with pytest.raises(PowerCut):
        applied(source, archive)
    again = open_archive(store, keys)
    assert {finding.code.value for finding in verify(again).findings} == {"older-than-ledger"}
    assert len(applied(source, again).finished) == 4
    assert verify(again).findings == ()


def test_a_scope_whose_newest_recovery_point_does_not_verify_loses_nothing(source: Source) -> None:
    store, keys = MemoryStore(), MemoryStore()
    archive = open_archive(store, keys)
    change_and_take(source, archive)
    newest = refs(archive, W3)[-1]
    key = f"snapshots/{W3}/{newest.snapshot_id}/personal-0.parquet"
    data = bytearray(store.get(key))
    data[len(data) // 2] ^= 1
    store.delete(key)
    store.put(key, bytes(data))
    done = applied(source, archive)
    assert gone(done) == {W4}
    (skipped,) = done.skipped
    assert (skipped.scope, skipped.busy) == (W3, False) and "altered" in skipped.why
    assert len(refs(archive, W3)) == 3


def test_a_scope_that_another_run_works_on_is_left_for_the_next_run(source: Source, archive: Archive) -> None:
    change_and_take(source, archive)
    with lock_scopes(source.url, [W3], patience_s=0):
        done = applied(source, archive)
    assert gone(done) == {W4}
    assert [(one.scope, one.busy) for one in done.skipped] == [(W3, True)]
    assert gone(applied(source, archive)) == {W3}


def test_what_was_held_after_the_plan_was_made_stays_and_goes_when_it_is_released(
    source: Source, archive: Archive
) -> None:
    change_and_take(source, archive)
    plan = planned(source, archive)
    hold(archive, W3, reason="lawsuit", until=None, by="a test", now=town.NOW)
    assert gone(applied(source, archive, plan)) == {W4}
    assert len(refs(archive, W3)) == 3
    assert {kept.reasons for kept in planned(source, archive).kept if kept.ref.scope == W3} == {
        ("legal hold: lawsuit",)
    }
    release(archive, W3, reason="settled", by="a test", now=town.NOW)
    assert gone(applied(source, archive)) == {W3}
    assert verify(archive).findings == ()


def test_a_hold_that_comes_right_before_the_removal_is_named_makes_it_void(source: Source) -> None:
    store, keys = MemoryStore(), MemoryStore()
    change_and_take(source, open_archive(store, keys))

    class Interfered(FailingStore):
        def put(self, key: str, data: bytes) -> None:
            if key.startswith("ledger/") and not other.ledger.known().holds:
                hold(other, W3, reason="lawsuit", until=None, by="a test", now=town.NOW)
            super().put(key, data)

    other = open_archive(store, keys)
    done = applied(source, open_archive(Interfered(store, PowerCut()), keys))
    assert gone(done) == {W4}
    assert len(refs(other, W3)) == 3 and len(refs(other, W4)) == 1
    assert verify(other).findings == ()
    assert [entry.event for entry in other.ledger.entries()][-2:] == ["held", "removed"]


def test_a_hold_that_has_ended_holds_no_more(source: Source, archive: Archive) -> None:
    change_and_take(source, archive)
    hold(archive, W3, reason="lawsuit", until=LATER.date(), by="a test", now=town.NOW)
    assert gone(applied(source, archive)) == {W4}
    hold(archive, W3, reason="lawsuit", until=date(2030, 1, 1), by="a test", now=town.NOW)
    assert gone(applied(source, archive)) == {W3}


def test_a_hold_needs_something_to_hold_and_a_release_a_hold(source: Source, archive: Archive) -> None:
    with pytest.raises(ScopeNotFound, match="no snapshot of wedding/99"):
        hold(archive, town.wedding(99), reason="lawsuit", until=None, by="a test", now=town.NOW)
    with pytest.raises(ScopeNotFound, match="no hold on wedding/3"):
        release(archive, W3, reason="settled", by="a test", now=town.NOW)


def test_a_wedding_that_vanished_from_the_source_loses_nothing(source: Source, archive: Archive) -> None:
    change_and_take(source, archive)
    town.run(source, "DELETE FROM weddings WHERE id = 3")
    assert gone(applied(source, archive)) == {W4}
    assert len(refs(archive, W3)) == 3


@pytest.mark.parametrize(("reading", "left"), [(W3, {W4}), (SCHEMA, set())])
def test_what_a_restore_that_has_not_ended_may_read_stays_for_a_day(
    source: Source, archive: Archive, reading: ScopeId, left: set[ScopeId]
) -> None:
    change_and_take(source, archive)
    story = {"kind": reading.kind.value, "id": reading.id, "snapshot_id": "s"}
    archive.ledger.append("restore-started", story, LATER - timedelta(hours=23))
    assert {removal.ref.scope for removal in planned(source, archive).removals} == left
    archive.ledger.append("restore-started", story, LATER - timedelta(hours=25))
    assert {removal.ref.scope for removal in planned(source, archive).removals} == {W3, W4}


def test_what_the_ledger_does_not_vouch_for_is_no_recovery_point(source: Source, archive: Archive) -> None:
    change_and_take(source, archive)
    newest = refs(archive, W3)[-1]
    for name, data in [(key, archive.vault.store.get(key)) for key in _keys(archive, newest)]:
        archive.vault.store.put(name.replace(newest.snapshot_id, "20991231T000000.000000Z-00000000"), data)
    roles = {
        one.ref.snapshot_id: one.role for one in held_snapshots(source, archive, POLICY, LATER) if one.ref.scope == W3
    }
    assert roles.pop("20991231T000000.000000Z-00000000") is Role.DOUBTFUL
    assert set(roles.values()) == {Role.POINT}
    applied(source, archive)
    assert [ref.snapshot_id for ref in refs(archive, W3)] == [newest.snapshot_id, "20991231T000000.000000Z-00000000"]


def _keys(archive: Archive, ref: SnapshotRef) -> list[str]:
    return [info.key for info in archive.vault.store.list(f"snapshots/{ref.scope}/{ref.snapshot_id}/")]


def test_supplements_go_with_the_last_snapshot_of_their_batch_and_not_before(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, "INSERT INTO vendors VALUES (9, NULL, 'Band')", "INSERT INTO bookings VALUES (399, 3, 9, 5)")
    town.taken(source, archive, W3, W4)
    (beside,) = archive.vault.supplements.snapshots()
    applied(source, archive)
    assert list(archive.vault.supplements.snapshots()) == [beside]
    town.run(source, "UPDATE guests SET name = name || '!' WHERE wedding_id = 3")
    town.take_all(source, archive)
    applied(source, archive)
    assert list(archive.vault.supplements.snapshots()) == []
    assert verify(archive).findings == ()
