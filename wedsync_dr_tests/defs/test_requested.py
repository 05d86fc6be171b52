"""Schedules that the platform asked for are carried out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg

from wedsync_dr.defs.requested import requested_schedules
from wedsync_dr.schedule.requested import CANCELLED, CREATED
from wedsync_dr.scope.discovery import discover
from wedsync_dr.scope.survey import survey
from wedsync_dr_tests.defs.conftest import NOW, Operator

CREATED_AT = NOW - timedelta(days=3)


def ask(operator: Operator, schedule: str, cron: str, organization: str | None, kind: str = "INCREMENTAL") -> None:
    body = {"schedule": schedule, "cron": cron, "time_zone": "UTC", "organization": organization}
    ledger = operator.protection.archive().ledger
    ledger.append(CREATED, {**body, "backup_type": kind, "by": "token:platform"}, CREATED_AT)


def tick(operator: Operator, *, cursor: str | None = None, now: datetime = NOW) -> tuple[list[dg.RunRequest], str]:
    """What the daemon gets: the runs to start, and the cursor for the next time."""
    protection = replace(operator.protection, now=lambda: now)
    context = dg.build_sensor_context(instance=operator.instance, cursor=cursor, resources={"protection": protection})
    data = requested_schedules.evaluate_tick(context)
    return list(data.run_requests or ()), data.cursor or cursor or "{}"


def test_a_schedule_is_carried_out_once_an_instant_and_missed_ones_once_together(operator: Operator) -> None:
    assert tick(operator)[0] == []
    ask(operator, "s1", "0 3 * * *", None, "FULL")
    (asked,), cursor = tick(operator)
    assert asked.run_config["ops"]["snapshot_scopes"]["config"]["everything"] is True
    assert asked.run_config["ops"]["snapshot_scopes"]["config"]["changed_only"] is False
    assert asked.tags["wedsync/schedule"] == "s1"
    assert tick(operator, cursor=cursor)[0] == []
    (again,), _ = tick(operator)
    assert again.run_key == asked.run_key, "a cursor that is lost starts nothing twice"
    (later,), _ = tick(operator, cursor=cursor, now=NOW + timedelta(days=1))
    assert later.run_key != asked.run_key


def test_a_wedding_s_vendors_are_taken_at_the_same_instant(operator: Operator) -> None:
    wedding = operator.tomorrow()
    assert operator.wave(weddings=[wedding.id], with_vendors=True).success
    with survey(operator.protection.source()) as seen:
        infos = discover(seen.reader, seen.catalog, seen.ownership)
    booked = {info.scope for info in infos if wedding in {one.scope for one in info.booked}}
    assert booked
    refs = list(operator.protection.archive().vault.snapshots())
    assert {ref.scope for ref in refs} == {wedding, *booked}
    assert len({ref.taken_at for ref in refs}) == 1


def test_what_is_cancelled_or_not_due_starts_nothing(operator: Operator) -> None:
    ask(operator, "s1", "0 3 * * *", None)
    ask(operator, "s2", "0 3 1 1 *", None)
    operator.protection.archive().ledger.append(CANCELLED, {"schedule": "s1", "by": "token:platform"}, NOW)
    assert NOW.astimezone(UTC).month > 1 or NOW.day > 4, "the first of January would make s2 due"
    assert tick(operator)[0] == []


def test_an_organization_s_schedule_takes_it_and_its_weddings(operator: Operator) -> None:
    with survey(operator.protection.source()) as seen:
        infos = discover(seen.reader, seen.catalog, seen.ownership)
    vendor = min((info for info in infos if info.booked), key=lambda info: len(info.booked))
    ask(operator, "s3", "0 3 * * *", vendor.scope.id)
    (asked,), _ = tick(operator)
    config = dict(asked.run_config["ops"]["snapshot_scopes"]["config"])
    assert operator.wave(**config).success
    taken = {ref.scope for ref in operator.protection.archive().vault.snapshots()}
    assert taken == {vendor.scope, *(one.scope for one in vendor.booked)}
    (batch,) = operator.protection.archive().ledger.known().batches.newest_first()
    assert batch.requested_by.endswith(" for token:platform")
