"""A recovery in which something is wrong: damage, mixed instants, a kill, other writers."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from wedsync_dr.errors import TargetUnfit
from wedsync_dr.model import TableName
from wedsync_dr.restore.journal import SCHEMA_NAME
from wedsync_dr.restore.waves import Order
from wedsync_dr.scope.survey import Source
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests import town
from wedsync_dr_tests.restore.rebuilt import (
    damage_newest,
    definition,
    outcome,
    query,
    rebuild,
)


@pytest.mark.parametrize("order", Order)
def test_a_damaged_wedding_falls_back_and_stops_no_other(
    source: Source, archive: Archive, other_database: str, tmp_path: Path, order: Order
) -> None:
    town.take_all(source, archive)
    before = town.state(source)
    town.run(source, "UPDATE guests SET name = 'Edited' WHERE wedding_id IN (3, 4)", "DELETE FROM outbox")
    town.take_all(source, archive)
    damaged = damage_newest(tmp_path, "wedding/3")
    done = outcome(archive, other_database, order=order)
    (fallback,) = done.fallbacks
    shown = fallback.to_json()
    assert (fallback.scope, shown["refused"]) == (town.wedding(3), [{"snapshot_id": damaged, "why": "Damaged"}])
    assert shown["lost_from"] < shown["lost_until"]
    assert not done.whole and not done.unproven
    guests = town.state(Source(other_database, source.rules))["guests"]
    assert {row for row in guests if row.split(",")[1] == "3"} == {
        row for row in before["guests"] if row.split(",")[1] == "3"
    }
    assert sum(",Edited," in row for row in guests) == 8


def test_a_wedding_without_an_intact_snapshot_is_listed_and_the_others_are_there(
    source: Source, archive: Archive, other_database: str, tmp_path: Path
) -> None:
    town.take_all(source, archive)
    damage_newest(tmp_path, "wedding/3")
    done = outcome(archive, other_database)
    assert [(one.scope, one.snapshot_id) for one in done.fallbacks] == [(town.wedding(3), None)]
    assert query(other_database, "SELECT count(*) FROM weddings") == [(5,)]


def test_links_to_rows_that_an_older_instant_does_not_have_are_listed_and_kept(
    source: Source, archive: Archive, other_database: str, tmp_path: Path
) -> None:
    town.take_all(source, archive)
    town.run(source, "INSERT INTO vendors VALUES (9, 1, 'New')", "INSERT INTO bookings VALUES (999, 3, 9, 1)")
    town.take_all(source, archive)
    damage_newest(tmp_path, "vendor/1")
    (key,) = outcome(archive, other_database).dangling
    assert (key.table, key.target, key.rows) == (TableName("public", "bookings"), TableName("public", "vendors"), 1)
    assert query(other_database, "SELECT count(*) FROM bookings WHERE id = 999") == [(1,)]
    assert query(other_database, "SELECT conname FROM pg_constraint WHERE NOT convalidated") == [(key.constraint,)]


@pytest.mark.parametrize("order", Order)
def test_a_row_that_two_instants_give_to_two_owners_comes_once_and_is_named(
    source: Source, archive: Archive, other_database: str, tmp_path: Path, order: Order
) -> None:
    town.take_all(source, archive)
    town.run(source, "UPDATE bookings SET wedding_id = 5 WHERE id = 31")
    town.take_all(source, archive)
    damage_newest(tmp_path, "wedding/3")
    done = outcome(archive, other_database, order=order)
    assert ("public.bookings", "1 row(s) came twice") in done.refusals
    assert query(other_database, "SELECT count(*) FROM bookings WHERE id = 31") == [(1,)]
    assert not done.unproven


_KILLED = """
import os, signal, sys
from pathlib import Path
from wedsync_dr.restore.everything import restore_everything
from wedsync_dr.restore.waves import Order
from wedsync_dr_tests import town
heard = 0
def progress(stage, done, total):
    global heard
    heard += stage.startswith(sys.argv[4])
    if heard >= int(sys.argv[5]):
        os.kill(os.getpid(), signal.SIGKILL)
if __name__ == "__main__":
    archive = town.reopened(Path(sys.argv[1]))
    restore_everything(archive, sys.argv[2], order=Order[sys.argv[3]], apply=True, now=town.NOW, requested_by="t",
                       progress=progress)
"""


@pytest.mark.parametrize(
    ("order", "stage", "times"),
    [
        ("urgent", "schema", 1),
        ("urgent", "schema", 2),
        ("urgent", "wave vendors", 1),
        ("urgent", "keys", 6),
        ("urgent", "wave normal", 1),
        ("urgent", "foreign", 1),
        ("urgent", "proof", 3),
        ("fast", "wave day_of", 1),
        ("fast", "keys", 7),
    ],
)
def test_a_killed_recovery_goes_on_where_it_stopped(
    source: Source, archive: Archive, other_database: str, tmp_path: Path, order: str, stage: str, times: int
) -> None:
    town.take_all(source, archive)
    script = tmp_path / "killed.py"
    script.write_text(_KILLED)
    arguments = [sys.executable, str(script), str(tmp_path), other_database, order, stage, str(times)]
    root = Path(__file__).parent.parent.parent
    ended = subprocess.run(arguments, env={**os.environ, "PYTHONPATH": str(root)}, check=False)  # noqa: S603, TID251
    assert ended.returncode == -signal.SIGKILL
    loaded = _loaded(other_database)
    archive = town.reopened(tmp_path)
    assert outcome(archive, other_database, order=Order[order]).whole
    assert town.state(Source(other_database, source.rules)) == town.state(source)
    assert definition(other_database) == definition(source.url)
    kept = set(query(other_database, "SELECT xmin::text FROM guests"))
    assert {(xid,) for xid in loaded} <= kept
    assert (SCHEMA_NAME,) not in query(other_database, "SELECT nspname FROM pg_namespace")


def _loaded(url: str) -> set[str]:
    """The transactions that had written guests when the recovery was killed."""
    if query(url, "SELECT to_regclass('guests')") == [(None,)]:
        return set()
    return {xid for (xid,) in query(url, "SELECT xmin::text FROM guests")}


def test_a_recovery_with_other_options_does_not_go_on(
    source: Source, archive: Archive, other_database: str, tmp_path: Path
) -> None:
    town.take_all(source, archive)
    script = tmp_path / "killed.py"
    script.write_text(_KILLED)
    arguments = [sys.executable, str(script), str(tmp_path), other_database, "urgent", "keys", "1"]
    root = Path(__file__).parent.parent.parent
    subprocess.run(arguments, env={**os.environ, "PYTHONPATH": str(root)}, check=False)  # noqa: S603, TID251
    with pytest.raises(TargetUnfit, match="Another recovery"):
        rebuild(archive, other_database, order=Order.fast)
    town.run(source, "UPDATE guests SET name = 'Later'")
    town.take_all(source, archive)
    assert outcome(archive, other_database).whole  # it keeps its instant
    assert query(other_database, "SELECT count(*) FROM guests WHERE name = 'Later'") == [(0,)]


def test_rows_that_others_write_meanwhile_are_told_from_damage(
    source: Source, archive: Archive, other_database: str
) -> None:
    town.take_all(source, archive)
    target = Source(other_database, source.rules)

    def use(stage: str, done: int, total: int) -> None:
        if stage == "foreign keys" and done == 0:
            town.run(target, "INSERT INTO visits VALUES (2, 'during')")

    (unproven,) = outcome(archive, other_database, progress=use).unproven
    assert (unproven.table, unproven.rows - unproven.expected_rows, unproven.written_meanwhile) == (
        "public.visits",
        1,
        1,
    )
