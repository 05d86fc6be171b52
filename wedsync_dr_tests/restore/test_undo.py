"""Whatever happened to a wedding: a replace brings it back, and its safety snapshot takes the replace back."""

from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wedsync_dr.errors import Damaged, SnapshotNotFound
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.take import take
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests import town
from wedsync_dr_tests.restore.roles import everything
from wedsync_dr_tests.restore.test_restore import W3, bring_back, damage

SEATS = """
CREATE TABLE seats (id int PRIMARY KEY, wedding_id int NOT NULL REFERENCES weddings, seat int NOT NULL UNIQUE);
INSERT INTO seats SELECT i, 3, i FROM generate_series(1, 4) i;
"""
NEW_GUEST = "INSERT INTO guests (id, wedding_id, household_id) VALUES ({}, 3, {})"
NEW_TASK = "INSERT INTO tasks (wedding_id, title, parent_id) SELECT 3, 't{}', min(id) FROM tasks WHERE wedding_id = 3"
SWAP = """
CREATE TEMP TABLE old AS SELECT * FROM seats WHERE id IN ({}, {});
DELETE FROM seats WHERE id IN (SELECT id FROM old);
INSERT INTO seats SELECT o.id, 3, (SELECT max(p.seat) FROM old p WHERE p.id <> o.id) FROM old o;
"""
LAST_TASK = "UPDATE tasks SET parent_id = (SELECT max(id) FROM tasks WHERE wedding_id = 3) WHERE wedding_id = 3"
NUMBER = st.integers(0, 7)
NAMES = st.sampled_from(["", "Anna", "\\\\N", "tab\tand\nline", "👰", "NULL"])


@dataclass(frozen=True)
class Edit:
    """Something that the platform does to a wedding; what does not work does not happen."""

    sql: str


def edits() -> st.SearchStrategy[Edit]:
    guest = NUMBER.map(lambda n: 311 + n % 4 + 10 * (n // 4))
    return st.one_of(
        st.builds(lambda g, n: Edit(f"UPDATE guests SET name = $${n}$$ WHERE id = {g}"), guest, NAMES),
        st.builds(lambda g: Edit(f"DELETE FROM guests WHERE id = {g}"), guest),
        st.builds(lambda n, h: Edit(NEW_GUEST.format(900 + n, 31 + h % 2)), NUMBER, NUMBER),
        st.builds(lambda g, h: Edit(f"UPDATE guests SET household_id = {31 + h % 3} WHERE id = {g}"), guest, NUMBER),
        st.builds(lambda h, g: Edit(f"UPDATE households SET contact = {g} WHERE id = {31 + h % 2}"), NUMBER, guest),
        st.builds(lambda h: Edit(f"DELETE FROM households WHERE id = {31 + h % 2}"), NUMBER),
        st.builds(lambda n: Edit(NEW_TASK.format(n)), NUMBER),
        st.just(Edit(LAST_TASK)),
        st.just(Edit("INSERT INTO visits VALUES (3, 'home')")),
        st.just(Edit("DELETE FROM visits WHERE ctid IN (SELECT ctid FROM visits WHERE wedding_id = 3 LIMIT 1)")),
        st.builds(lambda a, b: Edit(SWAP.format(1 + a % 4, 1 + b % 4)), NUMBER, NUMBER),
        st.builds(lambda a: Edit(f"DELETE FROM seats WHERE id = {1 + a % 4}"), NUMBER),
        st.just(Edit("UPDATE weddings SET wedding_date = NULL, venue_id = 2 WHERE id = 3")),
        st.builds(lambda v: Edit(f"UPDATE bookings SET price = {v} WHERE wedding_id = 3"), NUMBER),
    )  # fmt: skip


def happens(source: Source, edit: Edit) -> None:
    try:
        town.run(source, edit.sql)
    except psycopg.IntegrityError:
        return


def rows_of(source: Source) -> dict[str, list[tuple[object, ...]]]:
    return {table: rows for table, rows in everything(source).items() if table != "outbox"}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(done=st.lists(edits(), min_size=1, max_size=8))
def test_restore_and_undo_are_exact_whatever_was_done(source: Source, archive: Archive, done: list[Edit]) -> None:
    if not town.rows(source, "SELECT 1 FROM pg_class WHERE relname = 'seats'"):
        town.run(source, SEATS)
    (taken,) = take(source, archive, [W3], now=town.NOW, requested_by="test").taken
    before = rows_of(source)
    for edit in done:
        happens(source, edit)
    edited = rows_of(source)
    restored = bring_back(source, archive, snapshot_id=taken.snapshot_id)
    assert rows_of(source) == before
    if restored.safety_snapshot_id:
        bring_back(source, archive, snapshot_id=restored.safety_snapshot_id)
    assert rows_of(source) == edited


def test_a_restore_of_some_tables_is_taken_back_too(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(
        source, "UPDATE guests SET name = 'Edited' WHERE wedding_id = 3", "DELETE FROM bookings WHERE wedding_id = 3"
    )
    edited = rows_of(source)
    restored = bring_back(source, archive, tables=["guests"])
    assert rows_of(source) != edited
    assert restored.undo and restored.undo.endswith("--mode replace --apply")
    bring_back(source, archive, snapshot_id=restored.safety_snapshot_id)
    assert rows_of(source) == edited


def test_a_snapshot_that_is_named_is_used_or_nothing_is(source: Source, archive: Archive, tmp_path: Path) -> None:
    town.take_all(source, archive)
    town.run(source, "UPDATE guests SET name = 'Edited' WHERE wedding_id = 3")
    newest = {taken.scope: taken for taken in town.take_all(source, archive).taken}[W3]
    damage(next((tmp_path / "vault/snapshots/wedding/3" / newest.snapshot_id).glob("personal-*")))
    with pytest.raises(Damaged):
        bring_back(source, archive, snapshot_id=newest.snapshot_id)
    with pytest.raises(SnapshotNotFound):
        bring_back(source, archive, snapshot_id="20260101T000000.000000Z-00000000")
