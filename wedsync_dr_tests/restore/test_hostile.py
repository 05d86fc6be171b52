"""Constraints that stand in a restore's way: it gets through, or is refused, and is never half."""

import pytest

from wedsync_dr.errors import Conflict
from wedsync_dr.scope.survey import Source
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests import town
from wedsync_dr_tests.restore.roles import PARTS, everything, give, owner
from wedsync_dr_tests.restore.test_restore import LOSE_ALL, bring_back

__all__ = ["owner"]

SEATS = """
CREATE TABLE seats (id int PRIMARY KEY, wedding_id int NOT NULL REFERENCES weddings ON DELETE CASCADE, {columns});
INSERT INTO seats VALUES (1, 3, {first}), (2, 3, {second}), (3, 4, {other});
"""
DAYS = ("'[2026-01-01,2026-01-02)'", "'[2026-01-03,2026-01-04)'", "'[2027-01-01,2027-01-02)'")
PLACES = ("'[1,5)'", "'[5,9)'", "'[20,30)'")


# ---- rows that point to the scope from outside


def test_rows_of_others_that_point_to_the_scope_survive_a_replace(source: Source, archive: Archive) -> None:
    town.run(
        source,
        "ALTER TABLE reviews ADD FOREIGN KEY (guest_id) REFERENCES guests ON DELETE CASCADE",
        "CREATE TABLE likes (id int PRIMARY KEY, vendor_id int REFERENCES vendors, guest_id int REFERENCES guests"
        " ON DELETE SET NULL)",
    )
    rules = (
        town.RULES + '[tables."public.reviews"]\nwedding_through = []\n[tables."public.likes"]\nwedding_through = []\n'
    )
    source = Source(source.url, town.parse_rules(rules))
    town.run(source, "UPDATE reviews SET guest_id = 311 WHERE id = 1", "INSERT INTO likes VALUES (1, 1, 312)")
    town.take_all(source, archive)
    before = everything(source)
    town.run(source, "UPDATE guests SET name = 'Edited' WHERE wedding_id = 3", "DELETE FROM outbox")
    bring_back(source, archive)
    after = everything(source)
    assert {t for t in before if before[t] != after[t]} <= {"outbox"}


def test_a_key_that_others_refer_to_is_not_changed_under_them(source: Source, archive: Archive) -> None:
    town.run(
        source,
        "ALTER TABLE guests ADD badge text UNIQUE",
        "UPDATE guests SET badge = 'b' || id",
        "ALTER TABLE reviews ADD badge text REFERENCES guests (badge) ON UPDATE CASCADE",
    )
    source = Source(source.url, town.parse_rules(town.RULES + '[tables."public.reviews"]\nwedding_through = []\n'))
    town.take_all(source, archive)
    town.run(source, "UPDATE guests SET badge = 'new' WHERE id = 311", "UPDATE reviews SET badge = 'new' WHERE id = 1")
    before = everything(source)
    with pytest.raises(Conflict, match="reviews") as refused:
        bring_back(source, archive)
    assert "merge" in refused.value.remedy
    assert everything(source) == before


# ---- unique and exclusion constraints


@pytest.mark.parametrize(
    ("columns", "values"),
    [
        ("seat int UNIQUE", ("1", "2", "3")),
        ("seat int NOT NULL UNIQUE", ("1", "2", "3")),
        ("seat uuid NOT NULL UNIQUE", tuple(f"'00000000-0000-0000-0000-00000000000{i}'" for i in range(3))),
        ("seat varchar(5) NOT NULL UNIQUE", ("'a'", "'b'", "'c'")),
        ("seat date NOT NULL UNIQUE", ("'2026-01-01'", "'2026-01-02'", "'2026-01-03'")),
        ("seat timestamptz NOT NULL UNIQUE", ("'2026-01-01'", "'2026-01-02'", "'2026-01-03'")),
        ("seat int UNIQUE NULLS NOT DISTINCT", ("1", "NULL", "3")),
        ("seat int UNIQUE DEFERRABLE INITIALLY IMMEDIATE", ("1", "2", "3")),
        ("seat int UNIQUE DEFERRABLE INITIALLY DEFERRED", ("1", "2", "3")),
        ("seat tsrange NOT NULL, EXCLUDE USING gist (seat WITH &&)", DAYS),
        ("seat int4range, EXCLUDE USING gist (seat WITH &&)", PLACES),
        ("seat int4range, EXCLUDE USING gist (seat WITH &&) DEFERRABLE", PLACES),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
@pytest.mark.parametrize("superuser", [True, False], ids=["replica", "owner"])
def test_two_rows_that_swapped_a_unique_value_swap_back(
    source: Source, owner: Source, archive: Archive, columns: str, values: tuple[str, ...], superuser: bool
) -> None:
    town.run(source, SEATS.format(columns=columns, first=values[0], second=values[1], other=values[2]))
    town.take_all(source, archive)
    before = everything(source)
    (first,), (second,) = town.rows(source, "SELECT seat::text FROM seats WHERE id < 3 ORDER BY id")
    town.run(
        source,
        "CREATE TABLE put_by AS SELECT * FROM seats WHERE id < 3; DELETE FROM seats WHERE id < 3",
        "INSERT INTO seats SELECT 3 - id, wedding_id, seat FROM put_by; DROP TABLE put_by",
    )
    assert first != second
    assert everything(source) != before
    if not superuser:
        give(source, owner)
    restored = bring_back(source if superuser else owner, archive)
    assert restored.applied and restored.applied.rows == {"inserted": 0, "updated": 2, "deleted": 0}
    assert everything(source) == before


def test_rows_that_swap_what_cannot_be_set_aside_are_refused(source: Source, archive: Archive) -> None:
    town.run(source, SEATS.format(columns="seat inet NOT NULL UNIQUE", first="'::1'", second="'::2'", other="'::3'"))
    town.take_all(source, archive)
    town.run(
        source,
        "UPDATE seats SET seat = '::9' WHERE id = 1; UPDATE seats SET seat = '::1' WHERE id = 2;"
        " UPDATE seats SET seat = '::2' WHERE id = 1",
    )
    before = everything(source)
    with pytest.raises(Conflict, match="seats_seat_key") as refused:
        bring_back(source, archive)
    assert "platform" in refused.value.remedy
    assert everything(source) == before


@pytest.mark.parametrize(
    ("columns", "values", "taken"),
    [
        ("seat int UNIQUE DEFERRABLE INITIALLY DEFERRED", ("1", "2", "3"), "1"),
        ("seat int4range, EXCLUDE USING gist (seat WITH &&) DEFERRABLE", PLACES, "'[2,3)'"),
    ],
    ids=["unique", "exclusion"],
)  # fmt: skip
def test_a_deferrable_constraint_is_kept_although_a_replica_does_not_check_it(
    source: Source, archive: Archive, columns: str, values: tuple[str, ...], taken: str
) -> None:
    town.run(source, SEATS.format(columns=columns, first=values[0], second=values[1], other=values[2]))
    town.take_all(source, archive)
    town.run(source, "DELETE FROM seats WHERE id = 1", f"UPDATE seats SET seat = {taken} WHERE id = 3")
    before = everything(source)
    with pytest.raises(Conflict, match="seats_seat"):
        bring_back(source, archive)
    assert everything(source) == before


# ---- cycles and orders


@pytest.mark.parametrize("deferrable", ["", "DEFERRABLE INITIALLY DEFERRED", "DEFERRABLE INITIALLY IMMEDIATE"])
@pytest.mark.parametrize("superuser", [True, False], ids=["replica", "owner"])
def test_circles_of_rows_and_rows_that_refer_to_themselves_come_back(
    source: Source, owner: Source, archive: Archive, deferrable: str, superuser: bool
) -> None:
    town.run(
        source,
        "ALTER TABLE households DROP CONSTRAINT households_contact_fkey",
        f"ALTER TABLE households ADD FOREIGN KEY (contact) REFERENCES guests ON DELETE SET NULL {deferrable}",
        "ALTER TABLE tasks DROP CONSTRAINT tasks_parent_id_fkey",
        f"ALTER TABLE tasks ADD FOREIGN KEY (parent_id) REFERENCES tasks ON DELETE CASCADE {deferrable}",
        "UPDATE tasks SET parent_id = id WHERE parent_id IS NULL",
    )
    town.take_all(source, archive)
    before = everything(source)
    town.run(
        source,
        "UPDATE guests SET household_id = NULL WHERE household_id = 31",
        "DELETE FROM households WHERE id = 31",
        "INSERT INTO households VALUES (39, 3, NULL)",
        "INSERT INTO guests (id, wedding_id, household_id, name) VALUES (999, 3, 39, 'Later')",
        "UPDATE households SET contact = 999 WHERE id IN (32, 39)",
        "INSERT INTO tasks (id, wedding_id, title) VALUES (999, 3, 'later')",
        "UPDATE tasks SET parent_id = 999 WHERE wedding_id = 3",
    )
    if not superuser:
        give(source, owner)
    bring_back(source if superuser else owner, archive)
    after = everything(source)
    assert {table for table in before if before[table] != after[table]} <= {"outbox"}


def test_a_whole_wedding_comes_back_where_every_foreign_key_is_enforced(
    source: Source, owner: Source, archive: Archive
) -> None:
    town.take_all(source, archive)
    before = everything(source)
    town.run(source, *LOSE_ALL, "DELETE FROM bookings WHERE vendor_id = 1", "DELETE FROM reviews WHERE vendor_id = 1")
    town.run(source, "DELETE FROM vendors WHERE id = 1; DELETE FROM organizations WHERE id = 1")
    give(source, owner)
    bring_back(owner, archive)
    after = everything(source)
    for table in ("guests", "households", "tasks", "rsvps", "weddings", "vendors", "organizations"):
        assert after[table] == before[table], table


# ---- partitions and inheritance


def test_rows_that_moved_to_another_partition_move_back(source: Source, archive: Archive) -> None:
    town.run(source, PARTS)
    town.take_all(source, archive)
    before = everything(source)
    town.run(
        source,
        "UPDATE log SET at = '2027-05-05' WHERE id = 1; UPDATE log SET what = 'x' WHERE id = 2",
        "UPDATE moves SET what = 'b' WHERE ctid = '(0,1)' AND tableoid = 'moves_a'::regclass",
    )
    bring_back(source, archive)
    assert everything(source) == before


def test_a_row_that_no_partition_takes_is_refused(source: Source, archive: Archive) -> None:
    town.run(source, PARTS)
    town.take_all(source, archive)
    town.run(source, "DROP TABLE log_2027")
    before = everything(source)
    with pytest.raises(Conflict):
        bring_back(source, archive)
    assert everything(source) == before


def test_a_table_that_inherits_keeps_its_rows(source: Source, archive: Archive) -> None:
    town.run(
        source,
        "CREATE TABLE old_guests () INHERITS (guests)",
        "INSERT INTO old_guests (id, wedding_id, name, number) VALUES (311, 4, 'Namesake', 1), (399, 4, 'Other', 2)",
    )
    town.take_all(source, archive)
    before = everything(source)
    town.run(
        source,
        "UPDATE ONLY guests SET name = 'Edited' WHERE wedding_id = 3",
        "INSERT INTO guests (id, wedding_id, name) VALUES (399, 3, 'Later')",
    )
    bring_back(source, archive)
    after = everything(source)
    assert {table for table in before if before[table] != after[table]} <= {"outbox"}
