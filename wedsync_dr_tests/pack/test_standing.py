"""Which weddings are near, and whether what they have is fresh."""

from datetime import date, timedelta

from wedsync_dr.model import Kind, ScopeId, Tier
from wedsync_dr.pack.round import Packer
from wedsync_dr.pack.standing import Near, near, outdated, sealed_dates, standing
from wedsync_dr.pack.store import make
from wedsync_dr.schedule.policy import DEFAULT
from wedsync_dr.scope.discovery import ScopeInfo
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.holds import hold
from wedsync_dr_tests.conftest import TODAY
from wedsync_dr_tests.pack.conftest import NOW, RULES, World


def _on(number: int, day: date | None, end: date | None = None) -> ScopeInfo:
    return ScopeInfo(ScopeId(Kind.WEDDING, str(number)), day, "UTC", end)


def test_near_is_from_yesterday_to_seven_days_ahead_in_the_order_of_days() -> None:
    days = (8, 7, 0, -1, -2, 3)
    weddings = [_on(number, TODAY + timedelta(days=ahead)) for number, ahead in enumerate(days)]
    lasting = _on(9, TODAY - timedelta(days=2), TODAY + timedelta(days=1))
    found = near([*weddings, lasting, _on(10, None)], NOW, "UTC")
    assert [(one.scope.id, one.days) for one in found] == [("3", -1), ("2", 0), ("9", 0), ("5", 3), ("1", 7)]


def test_a_pack_is_fresh_until_its_recovery_point_is_older_than_the_objective(own: Archive, wedding: ScopeId) -> None:
    wanted = Near(wedding, 3, Tier.IMMINENT)
    assert standing(own, wanted, DEFAULT, NOW).why == "There is no pack."
    taken = make(own, wedding, RULES, now=NOW, requested_by="test").record.taken_at
    assert standing(own, wanted, DEFAULT, taken + timedelta(minutes=15)).fresh
    late = standing(own, wanted, DEFAULT, taken + timedelta(minutes=16))
    assert (late.fresh, late.why) == (False, "Its recovery point is 16 min old; the objective is 15 min.")


def test_an_unchanged_wedding_that_was_seen_again_keeps_its_pack_fresh(own: Archive, wedding: ScopeId) -> None:
    wanted = Near(wedding, 3, Tier.IMMINENT)
    made = make(own, wedding, RULES, now=NOW, requested_by="test")
    later = made.record.taken_at + timedelta(hours=2)
    line = {"kind": "wedding", "id": wedding.id, "snapshot_id": made.record.snapshot_id}
    body = {"batch": "b", "taken_at": f"{later:%Y-%m-%dT%H:%M:%S.%f}Z", "stored": [], "current": [line]}
    own.ledger.append("snapshots", body, later)
    assert standing(own, wanted, DEFAULT, later).fresh
    assert not outdated(own, wanted)


def test_a_pack_is_outdated_once_there_is_a_newer_recovery_point(own: Archive, wedding: ScopeId) -> None:
    wanted = Near(wedding, 3, Tier.IMMINENT)
    assert outdated(own, wanted)
    make(own, wedding, RULES, now=NOW, requested_by="test")
    assert not outdated(own, wanted)
    line = {"kind": "wedding", "id": wedding.id, "snapshot_id": "20991124T090000.000000Z-00000000", "manifest": "0"}
    body = {"batch": "b", "taken_at": "2099-11-24T09:00:00.000000Z", "stored": [line], "current": []}
    own.ledger.append("snapshots", body, NOW)
    assert outdated(own, wanted)


def test_a_replaced_recovery_point_is_as_old_as_when_it_was_last_seen_current(own: Archive, wedding: ScopeId) -> None:
    record = make(own, wedding, RULES, now=NOW, requested_by="test").record
    line = {"kind": "wedding", "id": wedding.id, "snapshot_id": record.snapshot_id}
    for minutes, stored, snapshot_id in ((50, [], record.snapshot_id), (60, [{"manifest": "0"}], "2099" + "0" * 20)):
        at = record.taken_at + timedelta(minutes=minutes)
        new = [line | one | {"snapshot_id": snapshot_id} for one in stored]
        body = {"batch": "b", "taken_at": f"{at:%Y-%m-%dT%H:%M:%S.%f}Z", "stored": new, "current": [line][len(new) :]}
        own.ledger.append("snapshots", body, at)
    seen = standing(own, Near(wedding, 3, Tier.IMMINENT), DEFAULT, record.taken_at + timedelta(minutes=61))
    assert (seen.age, seen.fresh) == (timedelta(minutes=11), True)


def test_a_round_makes_what_is_near_and_removes_what_is_settled(own: Archive, world: World) -> None:
    packer = Packer(own, RULES, DEFAULT, "UTC", "test")
    weddings = sealed_dates(own)
    wanted = {one.scope for one in packer.near(weddings, NOW)}
    done = packer.all_near(weddings, NOW)
    assert set(done.made) == wanted and not done.failed
    assert set(world.nearest(9)) <= wanted
    again = packer.all_near(weddings, NOW + timedelta(minutes=1))
    assert (again.made, set(again.current), again.removed) == ({}, wanted, [])
    held = sorted(wanted)[0]
    hold(own, held, reason="case 12/26", until=None, by="test", now=NOW)
    later = packer.all_near(weddings, NOW + timedelta(days=30))
    assert wanted & set(later.removed) == wanted - {held}
