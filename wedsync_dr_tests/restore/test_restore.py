"""One wedding back: bit for bit, and nobody else's row touched."""

from datetime import datetime
from pathlib import Path

import pytest

from wedsync_dr.errors import Damaged, ScopeNotFound, SettingsInvalid, SnapshotNotFound
from wedsync_dr.model import Kind, ScopeId, SnapshotInstant
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.resolve import resolve
from wedsync_dr.restore.run import Restored, restore, safety_snapshot
from wedsync_dr.scope.survey import Source
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.vault import SnapshotRef
from wedsync_dr.verification.verify import verify
from wedsync_dr_tests import town

W3 = town.wedding(3)


def bring_back(source: Source, archive: Archive, scope: ScopeId = W3, **how: object) -> Restored:
    options: dict[str, object] = {"mode": Mode.replace, "apply": True, "now": town.NOW, "requested_by": "test"}
    return restore(source, archive, scope, **(options | how))  # type: ignore[arg-type]


LOSE = "DELETE FROM weddings WHERE id = 3"
LOSE_ALL = (
    LOSE,
    "DELETE FROM documents WHERE wedding_id = '3'",
    "DELETE FROM notes WHERE entity_id = 3 AND entity_type = 'wedding'",
    "DELETE FROM visits WHERE wedding_id = 3",
    "DELETE FROM clients WHERE id = 3",
)


def test_a_lost_wedding_comes_back_bit_for_bit(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    before = town.state(source)
    town.run(source, *LOSE_ALL)
    restored = bring_back(source, archive)
    assert town.state(source) == before
    assert restored.applied and restored.applied.rows == {"inserted": 29, "updated": 0, "deleted": 0}


def test_what_survived_the_wedding_is_not_put_in_twice(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    before = town.state(source)
    town.run(source, LOSE)
    bring_back(source, archive)
    assert town.state(source) == before


def test_a_plan_changes_nothing(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, *LOSE_ALL)
    before = town.state(source)
    planned = bring_back(source, archive, apply=False)
    assert town.state(source) == before
    assert planned.to_json()["applied"] is False
    assert planned.plan.rows["inserted"] == 29
    silent = {"table": "public.guests", "trigger": "tell", "kind": "trigger"}
    assert silent in planned.to_json()["plan"]["silent_triggers"]


def test_replace_reverts_edits_and_removes_what_came_later(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    before = town.state(source, "outbox")
    town.run(
        source,
        "UPDATE guests SET name = 'Wrong', household_id = NULL WHERE wedding_id = 3",
        "INSERT INTO guests (id, wedding_id, name) VALUES (888, 3, 'Later')",
        "INSERT INTO tasks (wedding_id, title, parent_id) SELECT 3, 'later', min(id) FROM tasks WHERE wedding_id = 3",
        "DELETE FROM rsvps WHERE guest_id = 311",
        "INSERT INTO visits VALUES (3, 'home')",
    )
    restored = bring_back(source, archive)
    assert town.state(source, "outbox") == before
    assert restored.applied and restored.applied.rows == {"inserted": 1, "updated": 8, "deleted": 3}


def test_merge_brings_back_what_is_missing_and_keeps_the_rest(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(
        source,
        "UPDATE guests SET name = 'Edited' WHERE id = 312",
        "INSERT INTO guests (id, wedding_id, name) VALUES (888, 3, 'Later')",
        "DELETE FROM rsvps WHERE guest_id = 311",
    )
    restored = bring_back(source, archive, mode=Mode.merge)
    assert restored.applied and restored.applied.rows == {"inserted": 1, "updated": 0, "deleted": 0}
    assert town.rows(source, "SELECT name FROM guests WHERE id IN (312, 888) ORDER BY id") == [("Edited",), ("Later",)]


def test_only_the_chosen_tables_change(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    before = town.state(source)
    town.run(
        source,
        "UPDATE guests SET name = 'Wrong' WHERE wedding_id = 3",
        "UPDATE bookings SET price = 7 WHERE wedding_id = 3",
    )
    bring_back(source, archive, tables=["guests"])
    after = town.state(source)
    assert after["guests"] == before["guests"]
    assert after["bookings"] != before["bookings"]


def test_a_table_that_is_not_there_is_named(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    with pytest.raises(ScopeNotFound, match="gests"):
        bring_back(source, archive, tables=["gests"])


def test_other_owners_rows_are_never_touched(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(
        source, "UPDATE guests SET name = 'New' WHERE wedding_id <> 3", "UPDATE vendors SET name = 'New'", *LOSE_ALL
    )
    others = town.state(source)
    bring_back(source, archive)
    after = town.state(source)
    for table in town.TABLES:
        assert set(others[table]) <= set(after[table]), table


def test_triggers_do_not_fire_and_are_as_before(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    enabled = "SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
    before = town.rows(source, enabled)
    town.run(source, *LOSE_ALL, "DELETE FROM outbox")
    bring_back(source, archive)
    assert town.rows(source, "SELECT count(*) FROM outbox") == [(0,)]
    assert town.rows(source, enabled) == before


def test_sequences_give_out_no_value_twice(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, *LOSE_ALL, "SELECT setval('tasks_id_seq', 1)")
    bring_back(source, archive)
    (highest,) = town.rows(source, "SELECT max(id) FROM tasks")[0]
    town.run(source, "INSERT INTO tasks (wedding_id, title) VALUES (3, 'next')")
    assert town.rows(source, f"SELECT min(id) > {highest} FROM tasks WHERE title = 'next'") == [(True,)]


def test_the_safety_snapshot_takes_a_replace_back(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, "UPDATE guests SET name = 'Edited' WHERE wedding_id = 3", "INSERT INTO visits VALUES (3, 'new')")
    before = town.state(source)
    restored = bring_back(source, archive)
    assert restored.safety_snapshot_id and restored.safety_snapshot_id != restored.plan.manifest.snapshot_id
    again = bring_back(source, archive)
    assert again.plan.manifest == restored.plan.manifest and again.plan.empty, "it was secured, but nobody means it"
    undone = bring_back(source, archive, as_of=instant_of(restored.safety_snapshot_id))
    assert undone.plan.manifest.snapshot_id == restored.safety_snapshot_id
    assert town.state(source) == before


def test_a_restore_that_stops_after_its_safety_snapshot_can_be_run_again(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    before = town.state(source)
    town.run(source, "DELETE FROM rsvps WHERE guest_id = 311")
    assert safety_snapshot(source, archive, W3, now=town.NOW, requested_by="test")  # and here the power failed
    assert bring_back(source, archive, mode=Mode.merge).applied
    assert town.state(source) == before


def test_what_was_secured_is_the_newest_again_once_a_later_batch_finds_it_current(
    source: Source, archive: Archive
) -> None:
    town.take_all(source, archive)
    town.run(source, "DELETE FROM rsvps WHERE guest_id = 311")
    secured = safety_snapshot(source, archive, W3, now=town.NOW, requested_by="test")
    assert resolve(archive, W3).manifest.snapshot_id != secured
    town.take_all(source, archive)
    assert resolve(archive, W3).manifest.snapshot_id == secured


def test_a_snapshot_id_that_the_scope_does_not_have_is_not_found(source: Source, archive: Archive) -> None:
    taken = {one.scope: one for one in town.take_all(source, archive).taken}[W3]
    other = f"{taken.snapshot_id[:-8]}deadbeef"
    with pytest.raises(SnapshotNotFound, match="deadbeef"):
        bring_back(source, archive, as_of=SnapshotInstant.of(other, taken.taken_at))
    asked = SnapshotInstant.of(taken.snapshot_id, taken.taken_at)
    assert bring_back(source, archive, as_of=asked).plan.manifest.snapshot_id == taken.snapshot_id


def instant_of(snapshot_id: str | None) -> datetime:
    assert snapshot_id
    return SnapshotRef(W3, snapshot_id).taken_at


def test_restoring_twice_changes_nothing_the_second_time(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, *LOSE_ALL)
    bring_back(source, archive)
    before = town.state(source)
    again = bring_back(source, archive)
    assert again.plan.empty
    assert town.state(source) == before


def test_an_older_instant_can_be_asked_for(source: Source, archive: Archive) -> None:
    first = {taken.scope: taken for taken in town.take_all(source, archive).taken}[W3]
    before = town.state(source, "outbox")
    town.run(source, "UPDATE guests SET name = 'Edited' WHERE wedding_id = 3")
    town.take_all(source, archive)
    restored = bring_back(source, archive, as_of=first.taken_at)
    assert restored.plan.manifest.snapshot_id == first.snapshot_id
    assert town.state(source, "outbox") == before


def test_before_the_first_snapshot_says_when_the_first_one_is(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    with pytest.raises(SnapshotNotFound) as early:
        bring_back(source, archive, as_of=town.NOW.replace(year=2020))
    assert "Ask for 20" in early.value.remedy


def test_a_damaged_newest_snapshot_falls_back_to_the_older(source: Source, archive: Archive, tmp_path: Path) -> None:
    town.take_all(source, archive)
    before = town.state(source, "outbox")
    town.run(source, "UPDATE guests SET name = 'Edited' WHERE wedding_id = 3")
    town.take_all(source, archive)
    newest = sorted((tmp_path / "vault/snapshots/wedding/3").iterdir())[-1]
    damage(newest / "personal-0.parquet")
    restored = bring_back(source, archive)
    assert restored.plan.refused == ((newest.name, "altered"),)
    assert town.state(source, "outbox") == before


def test_without_an_intact_snapshot_nothing_is_restored(source: Source, archive: Archive, tmp_path: Path) -> None:
    town.take_all(source, archive)
    damage(next((tmp_path / "vault/snapshots/wedding/3").rglob("personal-0.parquet")))
    with pytest.raises(Damaged):
        bring_back(source, archive)


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(bytes(data))


def test_an_unknown_wedding_is_not_found(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    with pytest.raises(ScopeNotFound):
        bring_back(source, archive, town.wedding(99))


def test_a_vendor_comes_back_too(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    before = town.state(source)
    town.run(source, "SET session_replication_role = replica; DELETE FROM organizations WHERE id = 1")
    bring_back(source, archive, ScopeId(Kind.VENDOR, "1"))
    assert town.state(source) == before


def test_a_platform_table_comes_back_too(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    before = town.state(source)
    town.run(
        source, "UPDATE venues SET name = 'x'; SET session_replication_role = replica; DELETE FROM venues WHERE id = 2"
    )
    bring_back(source, archive, ScopeId(Kind.PLATFORM, "public.venues"))
    assert town.state(source) == before


def test_copy_brings_a_wedding_and_what_it_needs_into_another_database(
    source: Source, archive: Archive, other_database: str
) -> None:
    town.take_all(source, archive)
    target = Source(other_database, source.rules)
    town.run(target, town.SCHEMA)
    restored = bring_back(source, archive, mode=Mode.copy, target_url=other_database)
    assert restored.safety_snapshot_id is None
    assert set(town.state(target)["guests"]) == {
        row for row in town.state(source)["guests"] if row.split(",")[1] == "3"
    }
    assert {row.split(",")[0] for row in town.state(target)["vendors"]} == {"(1", "(2", "(3"}


def test_copy_needs_a_target_and_nothing_else_takes_one(source: Source, archive: Archive) -> None:
    for how in ({"mode": Mode.copy}, {"target_url": source.url}):
        with pytest.raises(SettingsInvalid):
            bring_back(source, archive, **how)


def test_the_vault_stays_clean_after_restores(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, *LOSE_ALL)
    bring_back(source, archive)
    assert verify(archive).findings == ()
