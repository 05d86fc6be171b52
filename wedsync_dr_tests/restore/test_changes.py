"""What changed, field by field, between two instants or since one."""

from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.restore.changes import RowChange, between, since
from wedsync_dr.restore.resolve import resolve
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.take import take
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests import town
from wedsync_dr_tests.restore.test_restore import W3, bring_back

EDITS = (
    "UPDATE guests SET name = 'Edited', household_id = NULL WHERE id = 311",
    "DELETE FROM rsvps WHERE id = 15",
    "INSERT INTO guests (id, wedding_id, name) VALUES (999, 3, NULL)",
    "INSERT INTO visits VALUES (3, 'home')",
)
EXPECTED = {
    ("public.guests", "changed", "{'id': '311'}", "['household_id', 'name']"),
    ("public.guests", "added", "{'id': '999'}", "[]"),
    ("public.rsvps", "removed", "{'id': '15'}", "[]"),
    ("public.visits", "added", "{}", "[]"),
}


def shown(changes: list[RowChange]) -> set[tuple[str, ...]]:
    documents = [change.to_json(values=False) for change in changes]
    return {(d["table"], d["change"], str(d["key"]), str(sorted(d["columns"]))) for d in documents}


def test_what_changed_since_an_instant_and_between_two_is_the_same_told_by_key_and_column(
    source: Source, archive: Archive
) -> None:
    first = {taken.scope: taken for taken in town.take_all(source, archive).taken}[W3]
    town.run(source, *EDITS)
    plan = bring_back(source, archive, apply=False).plan
    now = list(since(plan.changes, plan.live))
    take(source, archive, [W3], now=town.NOW, requested_by="test")
    ends = [resolve(archive, W3, moment).snapshot(archive) for moment in (first.taken_at, None)]
    then = list(between(ends[0], ends[1]))
    assert shown(now) == shown(then) == EXPECTED
    assert "Edited" not in str([change.to_json(values=False) for change in now]) + repr(now)


def test_values_are_told_where_they_are_asked_for(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, *EDITS)
    plan = bring_back(source, archive, apply=False).plan
    told = {change.what: change.to_json(values=True)["values"] for change in since(plan.changes, plan.live)}
    assert told["changed"] == {"household_id": ["31", None], "name": ["Zebulon Quackenbush", "Edited"]}
    assert told["removed"]["guest_id"] == ["312", None]


def test_two_snapshots_of_different_schemas_are_compared_in_the_columns_that_both_have(
    source: Source, archive: Archive
) -> None:
    first = {taken.scope: taken for taken in town.take_all(source, archive).taken}[W3]
    town.run(
        source, "ALTER TABLE guests ADD diet text DEFAULT 'any'", "UPDATE guests SET name = 'Edited' WHERE id = 311"
    )
    town.take_all(source, archive)
    ends = [resolve(archive, W3, moment).snapshot(archive) for moment in (first.taken_at, None)]
    assert shown(list(between(ends[0], ends[1], ["guests"]))) == {
        ("public.guests", "changed", "{'id': '311'}", "['name']")
    }


def test_a_platform_table_can_be_compared_too(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, "UPDATE venues SET name = 'New' WHERE id = 2")
    plan = bring_back(source, archive, ScopeId(Kind.PLATFORM, "public.venues"), apply=False).plan
    assert shown(list(since(plan.changes, plan.live))) == {("public.venues", "changed", "{'id': '2'}", "['name']")}
