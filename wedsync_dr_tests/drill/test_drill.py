"""Drills on a real server: what restores is proven, what does not is named, and nothing is left behind."""

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from wedsync_dr.drill.canary import Canary, fly
from wedsync_dr.drill.control import AlteredStore, refuses_damage
from wedsync_dr.drill.report import Drilled, DrillReport
from wedsync_dr.drill.run import Drill
from wedsync_dr.drill.sample import Pick
from wedsync_dr.drill.scratch import Scratch
from wedsync_dr.errors import SnapshotNotFound
from wedsync_dr.model import Kind, Tier
from wedsync_dr.restore.resolve import resolve
from wedsync_dr.scope.survey import Source
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.vault import DRILL, Vault
from wedsync_dr.verification.verify import verify
from wedsync_dr_tests import town
from wedsync_dr_tests.store_contract import FullStore

EVERYTHING = 40


@pytest.fixture
def kept(source: Source, archive: Archive) -> Archive:
    """A vault with two instants, in which wedding 3 and a platform table moved between them."""
    town.take_all(source, archive)
    town.run(source, "UPDATE guests SET name = 'Another' WHERE wedding_id = 3", "DELETE FROM outbox")
    town.take_all(source, archive)
    return archive


def run(source: Source, home: Path, scratch: Scratch, *, count: int = 5, whole: bool = False) -> DrillReport:
    """A drill with keys fetched anew."""
    return Drill(town.reopened(home), source, scratch, town.NOW, "a test").run(seed=7, count=count, whole=whole)


def databases(scratch: Scratch) -> set[str]:
    with psycopg.connect(scratch._url) as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database").fetchall()}


def test_every_drawn_recovery_point_restores_and_nothing_is_left_behind(
    source: Source, kept: Archive, scratch: Scratch, tmp_path: Path
) -> None:
    before, there = town.state(source), databases(scratch)
    report = run(source, tmp_path, scratch, count=EVERYTHING)
    assert report.problems == []
    assert report.ok
    assert report.control_refused
    assert report.canary.rows == 121
    assert {one.pick.scope.kind for one in report.results} == {Kind.WEDDING, Kind.VENDOR, Kind.PLATFORM}
    assert any(not one.pick.newest for one in report.results)
    assert {one.as_source for one in report.results if one.pick.newest} == {True}
    assert town.state(source) == before
    scratch.close()
    assert databases(scratch) <= there
    assert verify(kept).intact
    assert list(kept.vault.store.list(DRILL)) == []


def test_the_ledger_has_what_was_restored_how_long_it_took_and_whether_it_was_equal(
    source: Source, kept: Archive, scratch: Scratch, tmp_path: Path
) -> None:
    report = run(source, tmp_path, scratch)
    (entry,) = [entry for entry in kept.ledger.entries() if entry.event == "drilled"]
    assert entry.body["ok"] is True
    assert entry.body["results"] == [one.to_json() for one in report.results]
    days = [one for one in entry.body["results"] if one["tier"] == Tier.DAY_OF]
    assert days
    assert all(one["equal"] and one["target_seconds"] == 300 for one in days)


def test_a_recovery_point_that_does_not_restore_is_named_and_stops_no_other(
    source: Source, kept: Archive, scratch: Scratch, tmp_path: Path
) -> None:
    for broken in (tmp_path / "vault/snapshots/wedding/2").glob("*/personal-0.parquet"):
        broken.chmod(0o600)
        broken.write_bytes(broken.read_bytes()[:-1])
    report = run(source, tmp_path, scratch)
    assert {str(one.pick.scope) for one in report.results if not one.equal} == {"wedding/2"}
    assert not report.ok
    assert any(one.equal for one in report.results)


def test_a_drill_that_misses_a_key_is_red(source: Source, kept: Archive, scratch: Scratch, tmp_path: Path) -> None:
    (tmp_path / "keyring/wedding/2/personal-1.json").unlink()
    report = run(source, tmp_path, scratch)
    assert any("wedding/2" in problem for problem in report.problems)
    assert not (tmp_path / "keyring/wedding/2/personal-1.json").exists(), "a new key was made in its place"


def test_a_drill_without_any_recovery_point_is_an_error_and_in_the_ledger(
    source: Source, archive: Archive, scratch: Scratch, tmp_path: Path
) -> None:
    with pytest.raises(SnapshotNotFound):
        run(source, tmp_path, scratch)
    assert [entry.body["ok"] for entry in archive.ledger.entries() if entry.event == "drilled"] == [False]


def test_a_drill_that_finds_no_scratch_server_is_an_error_and_in_the_ledger(
    source: Source, kept: Archive, tmp_path: Path
) -> None:
    report = Drill(town.reopened(tmp_path), source, Scratch("postgresql://127.0.0.1:1/x"), town.NOW, "a test").run(
        seed=1, count=1
    )
    assert all(not one.equal for one in report.results)
    assert not report.ok


def test_a_source_that_is_down_does_not_stop_a_drill(
    source: Source, kept: Archive, scratch: Scratch, tmp_path: Path
) -> None:
    away = Source("postgresql://127.0.0.1:1/x", source.rules)
    report = run(away, tmp_path, scratch)
    assert report.ok
    assert {one.as_source for one in report.results} == {None}


def test_the_whole_platform_can_be_drilled(source: Source, kept: Archive, scratch: Scratch, tmp_path: Path) -> None:
    report = run(source, tmp_path, scratch, whole=True)
    assert report.whole
    assert report.whole.ok, report.problems
    assert report.whole.tables == len(town.TABLES)


def test_a_flipped_bit_is_refused_and_a_copy_without_one_is_not(kept: Archive) -> None:
    scope = town.wedding(3)
    newest = kept.vault.newest(scope)
    assert newest
    assert refuses_damage(kept, scope, newest.snapshot_id)
    untouched = Archive.open(Vault(AlteredStore(kept.vault.store, "/another/")), kept.keyring)
    assert resolve(untouched, scope, snapshot_id=newest.snapshot_id).manifest.scope == scope


def test_an_accepted_control_makes_a_drill_red() -> None:
    restored = Drilled(Pick(town.wedding(3), Tier.DAY_OF, "a", newest=True), seconds=1.0, target_s=300.0)
    canary = Canary(True, 1, 0.1)
    assert DrillReport(1, (restored,), canary, control_refused=True).ok
    assert not DrillReport(1, (restored,), canary, control_refused=False).ok
    assert not DrillReport(1, (replace(restored, seconds=301.0),), canary, control_refused=True).ok
    assert not DrillReport(1, (), canary, control_refused=True).ok


def test_a_canary_in_a_full_vault_is_a_problem_with_its_reason(source: Source, kept: Archive, scratch: Scratch) -> None:
    vault = Vault(FullStore(kept.vault.store, room=3_000))
    full = Archive(vault, kept.keyring, kept.ledger, kept.signer, kept.verifier)
    canary = fly(scratch, full, now=town.NOW, requested_by="a test")
    assert not canary.equal
    assert "full" in canary.problem


def test_no_two_canaries_are_alike(kept: Archive, scratch: Scratch) -> None:
    canaries = [fly(scratch, kept, now=town.NOW, requested_by="a test") for _ in range(2)]
    assert [canary.problem for canary in canaries] == ["", ""]
