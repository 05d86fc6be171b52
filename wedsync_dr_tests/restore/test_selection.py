"""Some tables, some rows: only they change, and what comes along or stays behind is stated."""

import pytest

from wedsync_dr.errors import MalformedId, ScopeNotFound
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.terms import parse_rows
from wedsync_dr.scope.survey import Source
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests import town
from wedsync_dr_tests.restore.test_restore import W3, bring_back


def edit(source: Source) -> None:
    town.run(
        source,
        "UPDATE guests SET name = 'Edited' WHERE id IN (311, 312)",
        "DELETE FROM guests WHERE id IN (313, 314)",
        "INSERT INTO guests (id, wedding_id, name) VALUES (998, 3, 'Later'), (999, 3, 'Later')",
        "UPDATE bookings SET price = 7 WHERE wedding_id = 3",
    )


def names(source: Source) -> dict[object, object]:
    return {row[0]: row[1] for row in town.rows(source, "SELECT id, name FROM guests WHERE wedding_id = 3")}


def test_only_the_rows_that_are_named_by_key_change(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    before = names(source)
    edit(source)
    edited = names(source)
    restored = bring_back(source, archive, rows=parse_rows("guests=311,313,999"))
    assert restored.applied and restored.applied.rows == {"inserted": 1, "updated": 1, "deleted": 1}
    changed = {311: before[311], 313: before[313]}
    assert names(source) == {key: name for key, name in (edited | changed).items() if key != 999}


def test_rows_and_whole_tables_go_together(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    edit(source)
    restored = bring_back(source, archive, rows=parse_rows("public.guests=312"), tables=["book*"])
    changed = [change.table.name for change in restored.plan.changes if not change.empty]
    assert sorted(changed) == ["bookings", "guests"]
    assert town.rows(source, "SELECT count(*) FROM guests WHERE name = 'Edited'") == [(1,)]


def test_a_row_that_is_nowhere_is_refused(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    with pytest.raises(ScopeNotFound, match=r"1 of the rows .*guests"):
        bring_back(source, archive, rows=parse_rows("guests=311,12345"))
    with pytest.raises(ScopeNotFound, match="visits"):
        bring_back(source, archive, rows=parse_rows("visits=3"))
    with pytest.raises(ScopeNotFound, match="gests"):
        bring_back(source, archive, rows=parse_rows("gests=3"))


@pytest.mark.parametrize("text", ["guests", "guests=", "=3", "guests=3,,4"])
def test_rows_that_are_not_named_as_they_should_be_are_refused(text: str) -> None:
    with pytest.raises(MalformedId):
        parse_rows(text)


def test_parts_of_a_composite_key_are_joined_by_a_tilde_and_may_be_encoded(source: Source, archive: Archive) -> None:
    town.run(
        source,
        "CREATE TABLE gifts (wedding_id int REFERENCES weddings, shop text, worth int, PRIMARY KEY (wedding_id, shop))",
        "INSERT INTO gifts VALUES (3, 'a~b, c', 1), (3, 'd', 1)",
    )
    town.take_all(source, archive)
    town.run(source, "UPDATE gifts SET worth = 2")
    bring_back(source, archive, rows=parse_rows("gifts=3~a%7Eb%2C c"))
    assert town.rows(source, "SELECT shop, worth FROM gifts ORDER BY 1") == [("a~b, c", 1), ("d", 2)]


def test_rows_of_the_wedding_that_are_not_selected_are_brought_along_where_selected_ones_need_them(
    source: Source, archive: Archive
) -> None:
    town.take_all(source, archive)
    before = town.state(source)
    town.run(source, "DELETE FROM guests WHERE wedding_id = 3", "DELETE FROM households WHERE wedding_id = 3")
    restored = bring_back(source, archive, tables=["guests"], mode=Mode.merge)
    plan = restored.plan.to_json()
    brought = [
        (parent["table"], parent["rows"], parent["owner"], parent["needed_by"]) for parent in plan["linked_parents"]
    ]
    assert brought == [("public.households", 2, str(W3), ["public.guests"])]
    assert plan["left_behind"] == [{"table": "public.rsvps", "rows": 8}]
    after = town.state(source)
    assert after["guests"] == before["guests"]
    assert after["households"] == before["households"]
    assert len(after["rsvps"]) == len(before["rsvps"]) - 8


def test_a_row_that_is_not_selected_keeps_a_selected_one_from_being_deleted(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(
        source,
        "INSERT INTO tasks (id, wedding_id, title) VALUES (997, 3, 'later')",
        "INSERT INTO tasks (id, wedding_id, title, parent_id) VALUES (998, 3, 'later', 997)",
    )
    (conflict,) = bring_back(source, archive, apply=False, rows=parse_rows("tasks=997")).plan.conflicts
    assert conflict.code == "still-referenced"
    bring_back(source, archive, rows=parse_rows("tasks=997,998"))
    assert town.rows(source, "SELECT count(*) FROM tasks WHERE id > 900") == [(0,)]
