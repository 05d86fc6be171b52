"""Applying a plan: whole or not at all, whatever happens in the middle."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import psycopg
import pytest

from wedsync_dr.errors import (
    Conflict,
    DisasterRecoveryError,
    PlanStale,
    RestoreNotEqual,
    ScopeBusy,
    SourceRefused,
    SourceUnreachable,
)
from wedsync_dr.restore.apply import apply_plan
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.plan import RestorePlan, make_plan
from wedsync_dr.restore.resolve import RecoveryPoint, resolve
from wedsync_dr.restore.run import restore
from wedsync_dr.restore.terms import Terms
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.take import take
from wedsync_dr.source.session import lock_scopes
from wedsync_dr.vault.archive import Archive
from wedsync_dr.verification.verify import verify
from wedsync_dr_tests import town

W3 = town.wedding(3)


def planned(source: Source, archive: Archive, mode: Mode = Mode.replace) -> tuple[RecoveryPoint, RestorePlan]:
    point = resolve(archive, W3)
    return point, make_plan(source, archive, point, Terms(mode))


def lose(source: Source, archive: Archive) -> None:
    """Snapshot the town, then lose wedding 3, one guest excepted that was edited instead."""
    town.take_all(source, archive)
    town.run(
        source,
        "UPDATE guests SET name = 'Edited' WHERE id = 311",
        "DELETE FROM rsvps WHERE guest_id IN (312, 313)",
        "DELETE FROM bookings WHERE wedding_id = 3",
        "INSERT INTO visits VALUES (3, 'later')",
    )


def apply(source: Source, archive: Archive, point: RecoveryPoint, plan: RestorePlan) -> None:
    apply_plan(source, archive, point, plan, now=town.NOW, requested_by="test")


def test_a_write_between_plan_and_apply_makes_the_plan_stale(source: Source, archive: Archive) -> None:
    lose(source, archive)
    point, plan = planned(source, archive)
    town.run(source, "UPDATE guests SET name = 'Meanwhile' WHERE id = 312")
    before = town.state(source)
    with pytest.raises(PlanStale) as stale:
        apply(source, archive, point, plan)
    assert stale.value.transient
    assert town.state(source) == before


def test_a_write_to_another_wedding_does_not_make_it_stale(source: Source, archive: Archive) -> None:
    lose(source, archive)
    point, plan = planned(source, archive)
    town.run(source, "UPDATE guests SET name = 'Meanwhile' WHERE wedding_id = 4")
    apply(source, archive, point, plan)
    assert planned(source, archive)[1].empty


def blocked_restores(source: Source) -> list[tuple[object, ...]]:
    return town.rows(
        source,
        "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'wedsync-dr restore%'"
        " AND wait_event_type = 'Lock' AND datname = current_database()",
    )


def test_a_connection_lost_in_the_middle_changes_nothing(source: Source, archive: Archive) -> None:
    lose(source, archive)
    point, plan = planned(source, archive)
    before = town.state(source)
    errors: list[DisasterRecoveryError] = []

    def restoring() -> None:
        try:
            apply(source, archive, point, plan)
        except DisasterRecoveryError as error:
            errors.append(error)

    with psycopg.connect(source.url) as blocker:
        blocker.execute("SELECT 1 FROM guests WHERE id = 311 FOR UPDATE")
        thread = threading.Thread(target=restoring)
        thread.start()
        while not (found := blocked_restores(source)):
            time.sleep(0.02)
        town.rows(source, f"SELECT pg_terminate_backend({found[0][0]})")
        thread.join()
    assert [type(error) for error in errors] == [SourceUnreachable]
    assert town.state(source) == before
    apply(source, archive, *planned(source, archive))


def test_a_wedding_that_is_being_restored_is_busy(source: Source, archive: Archive) -> None:
    source = town.hasty(source)
    lose(source, archive)
    point, plan = planned(source, archive)
    with lock_scopes(source.url, [W3], patience_s=0), pytest.raises(ScopeBusy):
        apply(source, archive, point, plan)


def test_snapshot_and_two_restores_at_once_end_well(source: Source, archive: Archive) -> None:
    lose(source, archive)
    wanted = resolve(archive, W3).manifest.taken_at
    outcomes: list[object] = []

    def restoring() -> None:
        try:
            how = {"as_of": wanted, "mode": Mode.replace, "apply": True}
            outcomes.append(restore(source, archive, W3, now=town.NOW, requested_by="test", **how))  # type: ignore[arg-type]
        except (PlanStale, Conflict) as error:
            outcomes.append(error)

    def snapping() -> None:
        outcomes.append(take(source, archive, [W3], now=town.NOW, requested_by="test"))

    threads = [threading.Thread(target=work) for work in (restoring, snapping, restoring, snapping)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 4
    point = resolve(archive, W3, wanted)
    assert make_plan(source, archive, point, Terms(Mode.replace)).empty
    assert verify(archive).findings == ()


def test_a_row_that_appears_while_rows_are_written_rolls_all_back(source: Source, archive: Archive) -> None:
    """The wedding is locked against other restores, not against the platform."""
    lose(source, archive)
    point, plan = planned(source, archive)
    errors: list[DisasterRecoveryError] = []
    with psycopg.connect(source.url) as blocker:
        blocker.execute("SELECT 1 FROM vendors WHERE id = 1 FOR UPDATE")  # the restored bookings rely on it
        thread = threading.Thread(target=lambda: errors.extend(failed(lambda: apply(source, archive, point, plan))))
        thread.start()
        while not blocked_restores(source):
            time.sleep(0.02)
        town.run(source, "INSERT INTO guests (id, wedding_id, name) VALUES (999, 3, 'Meanwhile')")
        blocker.rollback()
        thread.join()
    assert [type(error) for error in errors] == [RestoreNotEqual]
    left = town.rows(source, "SELECT name FROM guests WHERE id IN (311, 999) ORDER BY id")
    assert left == [("Edited",), ("Meanwhile",)]


def failed(call: Callable[[], None]) -> list[DisasterRecoveryError]:
    try:
        call()
    except DisasterRecoveryError as error:
        return [error]
    return []


def test_a_constraint_that_came_later_is_named_and_nothing_changes(source: Source, archive: Archive) -> None:
    lose(source, archive)
    town.run(source, "ALTER TABLE bookings ADD CONSTRAINT dear CHECK (price > 1000) NOT VALID")
    before = town.state(source)
    with pytest.raises(Conflict, match="dear") as refused:
        apply(source, archive, *planned(source, archive))
    assert "1.50" not in str(refused.value)
    assert town.state(source) == before


@pytest.fixture
def owner(source: Source) -> Iterator[Source]:
    """A role that owns the tables and is no superuser, so it may not become a replica."""
    name = f"owner_{source.url.rpartition('/')[2]}"
    town.run(source, f"CREATE ROLE {name} LOGIN PASSWORD 'x'", f"GRANT CREATE, USAGE ON SCHEMA public TO {name}")
    for table in town.TABLES:
        town.run(source, f"ALTER TABLE {table} OWNER TO {name}")
    scheme, _, rest = source.url.partition("://")
    yield replace(source, url=f"{scheme}://{name}:x@{rest.rpartition('@')[2]}")
    town.run(source, f"REASSIGN OWNED BY {name} TO CURRENT_USER", f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def test_without_the_replica_role_triggers_are_switched_off_one_by_one(
    source: Source, owner: Source, archive: Archive
) -> None:
    town.take_all(source, archive)
    before = town.state(source)
    enabled = town.rows(source, "SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1")
    town.run(source, "DELETE FROM weddings WHERE id = 3", "DELETE FROM outbox")
    restore(owner, archive, W3, mode=Mode.replace, apply=True, now=town.NOW, requested_by="test")
    assert town.state(source) == before
    assert town.rows(source, "SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1") == enabled


def test_a_role_that_may_not_write_is_told_what_to_grant(source: Source, archive: Archive) -> None:
    name = f"reader_{source.url.rpartition('/')[2]}"
    town.run(source, f"CREATE ROLE {name} LOGIN PASSWORD 'x'", f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
    lose(source, archive)
    before = town.state(source)
    scheme, _, rest = source.url.partition("://")
    reader = replace(source, url=f"{scheme}://{name}:x@{rest.rpartition('@')[2]}")
    with pytest.raises(SourceRefused) as refused:
        apply(reader, archive, *planned(reader, archive))
    assert "GRANT" in refused.value.remedy or "privilege" in refused.value.remedy
    assert town.state(source) == before
    town.run(source, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def test_every_restore_stands_in_the_ledger(source: Source, archive: Archive) -> None:
    lose(source, archive)
    apply(source, archive, *planned(source, archive))
    events = [(entry.event, entry.body.get("requested_by")) for entry in archive.ledger.entries()][-2:]
    assert events == [("restore-started", "test"), ("restored", "test")]
