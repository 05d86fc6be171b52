"""Scenarios in which rows are lost or wrong, and come back (docs/wedsync-interface.md has the numbers)."""

import threading

from wedsync_dr.demo.accident import destroy
from wedsync_dr_tests.scenarios.conftest import Day

GUESTS = ["guests", "households", "guest_dietary_needs", "rsvps"]
SEATING = ["seating_tables", "seats"]


def test_01_everything_is_gone_on_the_morning_and_the_wedding_of_the_day_comes_back_first(day: Day) -> None:
    before, guests = day.look(), day.number("SELECT count(*) FROM guests WHERE wedding_id = $W")
    day.break_in("TRUNCATE weddings, vendors, organizations, clients, venues, profiles CASCADE")
    assert day.number("SELECT count(*) FROM guests") == 0
    done = day.put_back()
    assert done.applied
    assert day.number("SELECT count(*) FROM guests WHERE wedding_id = $W") == guests
    assert day.number("SELECT count(*) FROM photos WHERE wedding_id = $W") > 0
    assert (
        day.number("SELECT count(*) FROM vendors v JOIN bookings b ON b.vendor_id = v.id WHERE b.wedding_id = $W") > 0
    )
    after = day.look()
    assert after.scope_hash == before.scope_hash


def test_02_some_photo_rows_are_corrupt_and_only_photos_change(day: Day) -> None:
    before = day.look()
    day.break_in(
        "UPDATE photos SET exif = '{}', taken_at = NULL WHERE wedding_id = $W AND get_byte(uuid_send(id), 0) < 64"
    )
    day.sql("UPDATE guests SET remark = 'arrived' WHERE wedding_id = $W")
    live = day.look()
    done = day.put_back(tables=["photos"])
    assert done.applied
    assert {str(change.table) for change in done.plan.changes if change.updates} == {"public.photos"}
    after = day.look()
    assert after.tables["public.photos"] == before.tables["public.photos"]
    assert after.tables["public.guests"] == live.tables["public.guests"] != before.tables["public.guests"]


def test_03_the_timeline_is_corrupt_before_the_ceremony_and_comes_back_whole_in_one_transaction(day: Day) -> None:
    before = day.look()
    day.break_in("UPDATE timeline_events SET starts_at = starts_at + '3 hours', title = 'x' WHERE wedding_id = $W",
                 "DELETE FROM timeline_events WHERE wedding_id = $W AND \"order\" % 3 = 0")  # fmt: skip
    done = day.put_back(tables=["timeline_events"])
    assert done.applied
    assert day.look().different(before) == []


def test_04_three_vendors_are_lost_and_come_back_together_with_their_bookings_whole(day: Day) -> None:
    before, vendors = day.look(), day.vendors(3)
    lost = [destroy(day.source, vendor) for vendor in vendors]
    assert len(lost) == 3
    assert all(lost)
    for vendor in vendors:
        assert day.put_back(vendor).applied
    assert day.look().different(before) == []


def test_14_rows_that_came_after_the_recovery_point_are_named_as_loss_before_they_go(day: Day) -> None:
    day.sql(
        "INSERT INTO guests (wedding_id, given_name, family_name) VALUES ($W, 'Late', 'Guest'), ($W, 'Later', 'Guest')"
    )
    plan = day.put_back(apply=False).plan
    assert plan.rows["deleted"] == 2
    (guests,) = [table for table in plan.to_json()["tables"] if table["table"] == "public.guests"]
    assert guests["delete"] == 2
    assert day.number("SELECT count(*) FROM guests WHERE given_name IN ('Late', 'Later')") == 2
    assert day.put_back().applied
    assert day.number("SELECT count(*) FROM guests WHERE given_name IN ('Late', 'Later')") == 0


def test_15_one_wedding_goes_back_to_an_earlier_instant_and_every_other_row_stays(day: Day) -> None:
    earlier = day.look()
    day.sql("UPDATE weddings SET title = 'Another name' WHERE id = $W",
            "INSERT INTO guests (wedding_id, given_name, family_name) VALUES ($W, 'New', 'Guest')")  # fmt: skip
    for other in day.others(3):
        day.sql(f"UPDATE guests SET remark = 'kept' WHERE wedding_id = '{other.id}'")
    live = {other: day.look(other).scope_hash for other in day.others(3)}
    assert day.put_back().applied
    assert day.look().scope_hash == earlier.scope_hash
    assert {other: day.look(other).scope_hash for other in day.others(3)} == live


def test_16_after_damage_the_hash_the_counts_and_the_relations_are_those_from_before(day: Day) -> None:
    before = day.look()
    lost = destroy(day.source, day.wedding)
    done = day.put_back()
    assert done.applied
    assert done.applied.rows["inserted"] == lost == before.scope_rows
    assert day.look() == before
    assert day.number("SELECT count(*) FROM rsvps r LEFT JOIN guests g ON g.id = r.guest_id WHERE g.id IS NULL") == 0


def test_26_damage_across_a_running_day_is_put_right_at_once_from_ceremony_to_party(day: Day) -> None:
    before = day.look()
    day.break_in(
        "DELETE FROM timeline_events WHERE wedding_id = $W",
        "UPDATE seats SET guest_id = NULL WHERE table_id IN (SELECT id FROM seating_tables WHERE wedding_id = $W)",
        "UPDATE bookings SET status = 'cancelled', price = NULL WHERE wedding_id = $W",
        "DELETE FROM song_requests WHERE wedding_id = $W",
    )
    done = day.put_back()
    assert done.applied
    assert done.seconds.keys() >= {"resolve", "apply"}
    assert day.look().different(before) == []


def test_27_other_couples_and_vendors_work_on_while_one_wedding_is_restored(day: Day) -> None:
    (other,) = day.others(1)
    destroy(day.source, day.wedding)
    stop, answered = threading.Event(), []

    def work() -> None:
        while not stop.is_set():
            day.sql(f"UPDATE guests SET remark = 'at work' WHERE wedding_id = '{other.id}'")
            answered.append(day.number(f"SELECT count(*) FROM guests WHERE wedding_id = '{other.id}'"))

    worker = threading.Thread(target=work)
    worker.start()
    done = day.put_back()
    stop.set()
    worker.join()
    assert done.applied
    assert answered
    assert (
        day.number(f"SELECT count(*) FROM guests WHERE wedding_id = '{other.id}' AND remark = 'at work'") == answered[0]
    )
    policies = "SELECT count(*) FROM pg_class WHERE relrowsecurity AND relname = 'guests'"
    assert day.number(policies) == 1


def test_33_guests_and_seating_are_damaged_and_a_plan_is_seen_before_only_they_change(day: Day) -> None:
    before = day.look()
    day.break_in(
        "UPDATE guests SET given_name = '?' WHERE wedding_id = $W",
        "DELETE FROM seats WHERE table_id IN (SELECT id FROM seating_tables WHERE wedding_id = $W)",
    )
    day.sql("UPDATE tasks SET title = 'call the florist' WHERE wedding_id = $W")
    live = day.look()
    planned = day.put_back(tables=[*GUESTS, *SEATING], apply=False)
    assert planned.applied is None
    assert day.look() == live
    changed = {str(change.table) for change in planned.plan.changes if not change.empty}
    assert changed == {"public.guests", "public.seats"}
    assert day.put_back(tables=[*GUESTS, *SEATING]).applied
    after = day.look()
    assert after.tables["public.guests"] == before.tables["public.guests"]
    assert after.tables["public.seats"] == before.tables["public.seats"]
    assert after.tables["public.tasks"] == live.tables["public.tasks"]
