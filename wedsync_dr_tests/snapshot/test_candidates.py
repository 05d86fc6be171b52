"""Every scope of the source as it stands, read from source and ledger."""

from dataclasses import replace
from datetime import date, timedelta

import psycopg
import pytest

from wedsync_dr.errors import ScopeNotFound, SourceRefused, SourceUnreachable
from wedsync_dr.model import Kind, ScopeId, Tier
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.run import restore
from wedsync_dr.schedule.due import Candidate, decide
from wedsync_dr.schedule.policy import DEFAULT, Policy
from wedsync_dr.schedule.policy_file import parse_policy
from wedsync_dr.scope.rules import Rules
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.candidates import candidates
from wedsync_dr.snapshot.take import take
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests import town

W1, W3 = town.wedding(1), town.wedding(3)
VENUES = ScopeId(Kind.PLATFORM, "public.venues")


def standing(source: Source, archive: Archive, **more: object) -> dict[ScopeId, Candidate]:
    found = candidates(source, archive, DEFAULT, town.NOW, **more)  # type: ignore[arg-type]
    return {one.scope: one for one in found}


def test_every_scope_is_a_candidate_with_the_instant_at_which_it_was_last_known_to_be_current(
    source: Source, archive: Archive
) -> None:
    assert all(one.current_until is None for one in standing(source, archive).values())
    everything = town.take_all(source, archive)
    first = standing(source, archive)
    instants = {taken.scope: taken.taken_at for taken in everything.taken if taken.scope.kind is not Kind.SCHEMA}
    assert {scope: one.current_until for scope, one in first.items()} == instants
    again = take(source, archive, [W3], now=town.NOW, requested_by="test")
    second = standing(source, archive)
    assert again.taken[0].status == "current"
    assert second[W3].current_until == again.taken[0].taken_at > instants[W3]
    assert second[W1].current_until == instants[W1]


def test_a_moved_date_changes_the_tier_at_once(source: Source, archive: Archive) -> None:
    assert standing(source, archive)[W3].tier is Tier.CRITICAL
    town.run(source, "UPDATE weddings SET wedding_date = DATE '2026-11-25' WHERE id = 3")
    moved = standing(source, archive)[W3]
    assert (moved.tier, moved.date) == (Tier.DAY_OF, date(2026, 11, 25))


def test_the_tiers_are_those_of_the_policy(source: Source, archive: Archive) -> None:
    policy = parse_policy("[imminent]\ndays_before = 20\n")
    found = {one.scope: one.tier for one in candidates(source, archive, policy, town.NOW)}
    assert found[W3] is Tier.IMMINENT


def test_a_vendor_has_the_days_of_the_booking_that_gives_it_its_tier(source: Source, archive: Archive) -> None:
    town.run(
        source,
        "DELETE FROM bookings",
        "INSERT INTO bookings VALUES (901, 3, 3, 1), (902, 6, 3, 1)",
        "UPDATE weddings SET wedding_date = DATE '2026-11-20' WHERE id = 3",
        "UPDATE weddings SET wedding_date = DATE '2027-11-20' WHERE id = 6",
    )
    vendor = standing(source, archive)[ScopeId(Kind.VENDOR, "~public.vendors~3")]
    assert (vendor.tier, vendor.date) == (Tier.CRITICAL, date(2026, 11, 20))
    assert vendor.risk == 10 + 30


def test_what_the_caller_knows_is_passed_on(source: Source, archive: Archive) -> None:
    since = town.NOW - timedelta(minutes=3)
    found = standing(source, archive, changed={W3: True, W1: False}, changed_since={W3: since}, running={W1: since})
    assert (found[W3].changed, found[W3].changed_since, found[W3].running_since) == (True, since, None)
    assert (found[W1].changed, found[W1].changed_since, found[W1].running_since) == (False, None, since)
    assert found[VENUES].changed is None


def test_after_a_restore_the_scope_counts_as_changed_until_it_is_snapshotted_again(
    source: Source, archive: Archive
) -> None:
    town.take_all(source, archive)
    before = standing(source, archive)[W3].current_until
    town.run(source, "DELETE FROM tasks WHERE wedding_id = 3")
    restore(source, archive, W3, mode=Mode.replace, apply=True, now=town.NOW, requested_by="test")
    found = standing(source, archive, changed={W3: False})[W3]
    assert (found.changed, found.current_until) == (True, before)
    take(source, archive, [W3], now=town.NOW, requested_by="test")
    assert standing(source, archive)[W3].changed is None


def test_what_a_dead_writer_named_does_not_count_as_a_recovery_point(source: Source, archive: Archive) -> None:
    batch = town.take_all(source, archive)
    instant = batch.taken[0].taken_at + timedelta(seconds=1)
    line = {"kind": W3.kind.value, "id": W3.id, "snapshot_id": f"{instant:%Y%m%dT%H%M%S.%f}Z-00000000"}
    archive.ledger.append("batch-started", {"batch": line["snapshot_id"], "requested_by": "test"}, town.NOW)
    body = {"batch": line["snapshot_id"], "taken_at": f"{instant:%Y-%m-%dT%H:%M:%S.%f}Z", "current": []}
    archive.ledger.append("snapshots", body | {"stored": [line | {"manifest": "0" * 64}]}, town.NOW)
    found = standing(source, archive)
    assert found[W3].current_until is None
    assert found[W1].current_until == batch.taken[0].taken_at
    assert decide(list(found.values()), DEFAULT, batch.taken[0].taken_at)[0].scope == W3


def test_a_read_that_failed_is_an_error_and_never_nothing_due(source: Source, archive: Archive) -> None:
    gone = replace(source, url=source.url.rsplit("/", 1)[0] + "/nowhere")
    with pytest.raises((SourceUnreachable, SourceRefused)):
        candidates(gone, archive, DEFAULT, town.NOW)


def test_a_source_without_anything_is_an_error_and_never_nothing_due(database: str, archive: Archive) -> None:
    with pytest.raises(ScopeNotFound, match="no wedding, vendor or table"):
        candidates(Source(database, Rules()), archive, DEFAULT, town.NOW)


def test_rows_hidden_by_a_policy_are_an_error(source: Source, archive: Archive) -> None:
    with psycopg.connect(source.url, autocommit=True) as connection:
        connection.execute("CREATE ROLE half_blind LOGIN; GRANT USAGE ON SCHEMA public TO half_blind")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO half_blind")
        connection.execute("ALTER TABLE guests ENABLE ROW LEVEL SECURITY")
    try:
        with pytest.raises(SourceRefused):
            candidates(replace(source, url=_as(source.url, "half_blind")), archive, DEFAULT, town.NOW)
    finally:
        with psycopg.connect(source.url, autocommit=True) as connection:
            connection.execute("DROP OWNED BY half_blind; DROP ROLE half_blind")


def _as(url: str, role: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}options=-c%20role%3D{role}"


@pytest.mark.parametrize("policy", [DEFAULT, parse_policy("[critical]\ndays_before = 200\n"),
                                    parse_policy('[normal]\npriority = "CRITICAL"\n')])  # fmt: skip
def test_asked_for_the_critical_ones_it_gives_just_those_and_leaves_none_out(
    source: Source, archive: Archive, policy: Policy
) -> None:
    town.run(
        source,
        "ALTER TABLE weddings ADD end_date date",
        "UPDATE weddings SET wedding_date = NULL WHERE id = 1",
        "UPDATE weddings SET wedding_date = 'infinity' WHERE id = 2",
        "UPDATE weddings SET wedding_date = DATE '2026-11-01', end_date = DATE '2026-11-24' WHERE id = 3",
        "UPDATE weddings SET wedding_date = DATE '2026-12-25' WHERE id = 4",
        "UPDATE weddings SET wedding_date = DATE '2026-12-24' WHERE id = 5",
        "UPDATE weddings SET wedding_date = DATE '2026-11-16' WHERE id = 6",
    )
    everything = candidates(source, archive, policy, town.NOW)
    wanted = [replace(one, risk=0, estimated_bytes=0) for one in everything if policy.of(one.tier).critical]
    found = candidates(source, archive, policy, town.NOW, critical=True)
    assert [replace(one, risk=0, estimated_bytes=0) for one in found] == wanted
    assert {town.wedding(number) for number in (1, 2, 3, 5)} <= {one.scope for one in found}
    if policy is DEFAULT:
        assert len(found) < len(everything)
        assert not {town.wedding(4), town.wedding(6)} & {one.scope for one in found}
