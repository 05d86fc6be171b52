"""One session and one catalogue for a whole restore, and never an outdated one."""

import pytest

from wedsync_dr.errors import PlanStale, ScopeBusy
from wedsync_dr.model import TableName
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.run import Restored, carry_out, restore
from wedsync_dr.restore.site import open_site
from wedsync_dr.scope.survey import Schema, Source
from wedsync_dr.snapshot.take import take
from wedsync_dr.source.session import lock_scopes
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.vault import SnapshotRef
from wedsync_dr_tests import town

W3 = town.wedding(3)
GUESTS = TableName("public", "guests")


def planned(source: Source, archive: Archive) -> Restored:
    return restore(source, archive, W3, mode=Mode.replace, now=town.NOW, requested_by="test")


def carried_out(source: Source, archive: Archive, plan: Restored) -> Restored:
    return carry_out(source, archive, plan.plan, now=town.NOW, requested_by="test")


def taken_back(source: Source, archive: Archive, done: Restored) -> Restored:
    """The plan that undoes a restore."""
    assert done.safety_snapshot_id
    secured = SnapshotRef(W3, done.safety_snapshot_id).taken_at
    return restore(source, archive, W3, mode=Mode.replace, as_of=secured, now=town.NOW, requested_by="test")


def test_the_catalogue_is_loaded_once_while_it_holds(source: Source) -> None:
    with open_site(source) as site:
        with site.look() as seen:
            before = seen.catalog
        town.run(source, "INSERT INTO visits VALUES (3, 'home')", "ANALYZE")
        with site.write() as seen:
            assert seen.catalog is before


def test_one_process_restores_again_and_again_with_what_it_knows_of_the_schema(
    source: Source, archive: Archive
) -> None:
    first = {taken.scope: taken for taken in town.take_all(source, archive).taken}[W3]
    schema = Schema(source.rules)
    for change in ("ALTER TABLE outbox ADD sent boolean", "CREATE TABLE late (id int)", "DROP TABLE late"):
        before = town.state(source, "outbox")
        town.run(source, "UPDATE guests SET name = 'Edited' WHERE wedding_id = 3", change)
        how = {"mode": Mode.replace, "apply": True, "schema": schema, "as_of": first.taken_at}
        done = restore(source, archive, W3, now=town.NOW, requested_by="test", **how)  # type: ignore[arg-type]
        assert done.applied
        assert town.state(source, "outbox") == before


def test_a_change_of_the_schema_between_two_transactions_is_seen(source: Source) -> None:
    with open_site(source) as site:
        with site.look() as seen:
            assert "late" not in seen.catalog.tables[GUESTS].column
        town.run(source, "ALTER TABLE guests ADD late boolean")
        with site.write() as seen:
            assert "late" in seen.catalog.tables[GUESTS].column
        town.run(source, "DROP TABLE rsvps")
        with site.look() as seen:
            assert TableName("public", "rsvps") not in seen.catalog.tables


def test_a_plan_is_not_carried_out_in_another_schema(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, "UPDATE guests SET name = 'Edited' WHERE wedding_id = 3")
    plan = planned(source, archive)
    town.run(source, "ALTER TABLE guests ADD late boolean")
    with pytest.raises(PlanStale):
        carried_out(source, archive, plan)


def test_a_plan_that_went_stale_is_not_carried_out_and_leaves_no_snapshot(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, "UPDATE guests SET name = 'Edited' WHERE id = 311")
    plan = planned(source, archive)
    town.run(source, "UPDATE guests SET name = 'Meanwhile' WHERE id = 312")
    before, points = town.state(source), list(archive.vault.snapshots(scope=W3))
    with pytest.raises(PlanStale):
        carried_out(source, archive, plan)
    assert town.state(source) == before
    assert list(archive.vault.snapshots(scope=W3)) == points


def test_a_plan_is_carried_out_with_a_safety_snapshot(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    before = town.state(source, "outbox")
    town.run(source, "UPDATE guests SET name = 'Edited' WHERE id = 311")
    edited = town.state(source, "outbox")
    done = carried_out(source, archive, planned(source, archive))
    assert town.state(source, "outbox") == before
    undone = carried_out(source, archive, taken_back(source, archive, done))
    assert undone.plan.manifest.snapshot_id == done.safety_snapshot_id
    assert town.state(source, "outbox") == edited


def test_the_safety_snapshot_holds_what_a_snapshot_at_that_moment_would(source: Source, archive: Archive) -> None:
    first = {taken.scope: taken for taken in town.take_all(source, archive).taken}[W3]
    town.run(source, "UPDATE guests SET name = 'Edited' WHERE id = 311", "DELETE FROM rsvps WHERE guest_id = 312")
    (taken,) = take(source, archive, [W3], now=town.NOW, requested_by="test").taken
    how = {"as_of": first.taken_at, "mode": Mode.replace, "apply": True, "tables": ["guests"]}
    done = restore(source, archive, W3, now=town.NOW, requested_by="test", **how)  # type: ignore[arg-type]
    assert done.safety_snapshot_id == taken.snapshot_id


def test_a_foreign_key_that_came_later_changes_how_the_safety_snapshot_is_laid_out(
    source: Source, archive: Archive
) -> None:
    town.take_all(source, archive)
    town.run(
        source,
        "ALTER TABLE guests ADD FOREIGN KEY (number) REFERENCES venues NOT VALID",
        "UPDATE tasks SET title = 'Edited' WHERE wedding_id = 3",
    )
    edited = town.state(source)
    done = carried_out(source, archive, planned(source, archive))
    carried_out(source, archive, taken_back(source, archive, done))
    assert town.state(source) == edited


def test_the_scope_is_held_while_it_is_looked_at(source: Source) -> None:
    with open_site(source) as site, site.hold(W3), site.look(), lock_scopes(source.url, [W3], patience_s=0) as held:
        assert not held
    with lock_scopes(source.url, [W3], patience_s=2) as held:
        assert held


def test_a_held_scope_makes_a_restore_wait_no_longer_than_its_patience(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, "UPDATE guests SET name = 'Edited' WHERE id = 311")
    plan, hasty = planned(source, archive), town.hasty(source)
    with lock_scopes(source.url, [W3], patience_s=0), pytest.raises(ScopeBusy):
        carried_out(hasty, archive, plan)
