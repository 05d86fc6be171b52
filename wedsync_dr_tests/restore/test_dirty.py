"""Rows that break their own constraints: snapshotted, named in the plan, and written only where that is agreed to."""

import pytest

from wedsync_dr.errors import Conflict, SourceRefused
from wedsync_dr.restore.terms import Consent
from wedsync_dr.scope.survey import Source
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests import town
from wedsync_dr_tests.restore.roles import everything, give
from wedsync_dr_tests.restore.roles import owner as owner
from wedsync_dr_tests.restore.test_restore import LOSE, LOSE_ALL, bring_back

DIRTY = Consent(dirty=True)
CHECKED = """
ALTER TABLE guests ADD CONSTRAINT calm CHECK (loud <> 'ZEBULON QUACKENBUSH' AND wedding_id > 0) NOT VALID;
COMMENT ON CONSTRAINT calm ON guests IS 'since it''s nicer';
ALTER TABLE bookings ADD CONSTRAINT dear CHECK (price > 1000) NOT VALID;
"""
CONSTRAINTS = """
SELECT conname::text, pg_get_constraintdef(oid), convalidated, obj_description(oid, 'pg_constraint')
FROM pg_constraint WHERE conname IN ('calm', 'dear') ORDER BY 1
"""


def test_rows_that_break_a_constraint_which_was_never_validated_are_listed_and_refused(
    source: Source, archive: Archive
) -> None:
    town.run(source, CHECKED)
    town.take_all(source, archive)
    town.run(source, *LOSE_ALL)
    before = everything(source)
    plan = bring_back(source, archive, apply=False).plan
    dirty = {(one["table"], one["constraint"]): sorted(one["keys"], key=str) for one in plan.to_json()["dirty"]}
    assert dirty == {
        ("public.guests", "calm"): [{"id": "311"}, {"id": "321"}],
        ("public.bookings", "dear"): [{"id": "32"}, {"id": "33"}],
    }
    assert {conflict.code for conflict in plan.conflicts} == {"dirty-rows"}
    assert town.SECRET_NAME not in str(plan.to_json())
    with pytest.raises(Conflict, match=r"calm|dear") as refused:
        bring_back(source, archive)
    assert "--allow-dirty" in refused.value.remedy
    assert everything(source) == before


@pytest.mark.parametrize("superuser", [True, False], ids=["replica", "owner"])
def test_where_it_is_agreed_to_they_come_back_and_the_constraint_stays_as_it_was(
    source: Source, owner: Source, archive: Archive, superuser: bool
) -> None:
    town.run(source, CHECKED)
    town.take_all(source, archive)
    before, constraints = everything(source), town.rows(source, CONSTRAINTS)
    town.run(source, *LOSE_ALL)
    if not superuser:
        give(source, owner)
    bring_back(source if superuser else owner, archive, consent=DIRTY)
    assert everything(source) == before
    assert town.rows(source, CONSTRAINTS) == constraints
    assert [row[2] for row in constraints] == [False, False]


def test_dirty_rows_that_are_there_as_they_were_stand_in_nobody_s_way(source: Source, archive: Archive) -> None:
    town.run(source, CHECKED)
    town.take_all(source, archive)
    before = everything(source)
    town.run(source, "UPDATE tasks SET title = 'Edited' WHERE wedding_id = 3")
    restored = bring_back(source, archive)
    assert restored.plan.dirty == ()
    assert {t: rows for t, rows in everything(source).items() if t != "outbox"} == {
        t: rows for t, rows in before.items() if t != "outbox"
    }


@pytest.mark.parametrize("validated", [True, False])
def test_a_row_that_referred_to_nothing_does_so_again_only_where_that_is_agreed_to(
    source: Source, owner: Source, archive: Archive, validated: bool
) -> None:
    town.run(source, "SET session_replication_role = replica; UPDATE bookings SET vendor_id = 77 WHERE id = 31")
    if not validated:
        town.run(
            source,
            "ALTER TABLE bookings DROP CONSTRAINT bookings_vendor_id_fkey",
            "ALTER TABLE bookings ADD CONSTRAINT bookings_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES vendors"
            " NOT VALID",
        )
    town.take_all(source, archive)
    before = everything(source)
    town.run(source, LOSE)
    (dirty,) = bring_back(source, archive, apply=False).plan.to_json()["dirty"]
    assert (dirty["constraint"], dirty["keys"]) == ("bookings_vendor_id_fkey", [{"id": "31"}])
    with pytest.raises(Conflict, match="bookings_vendor_id_fkey"):
        bring_back(source, archive)
    give(source, owner)
    with pytest.raises(SourceRefused) as refused:
        bring_back(owner, archive, consent=DIRTY)
    assert "session_replication_role" in refused.value.remedy
    bring_back(source, archive, consent=DIRTY)
    assert everything(source) == before


def test_a_constraint_that_was_validated_since_is_not_lifted(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(
        source,
        LOSE,
        "DELETE FROM bookings WHERE price < 1000",
        "ALTER TABLE bookings ADD CONSTRAINT dear CHECK (price > 1000)",
    )
    before = everything(source)
    with pytest.raises(Conflict, match="dear") as refused:
        bring_back(source, archive, consent=DIRTY)
    assert "NOT VALID" in refused.value.remedy
    assert everything(source) == before
