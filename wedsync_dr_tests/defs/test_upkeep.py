"""Retention by the clock, and snapshots that were taken elsewhere."""

from datetime import timedelta

import dagster as dg

from wedsync_dr.defs.elsewhere import snapshots_elsewhere
from wedsync_dr.defs.resources import Protection
from wedsync_dr.snapshot.take import take
from wedsync_dr_tests.defs.conftest import NOW, Operator, plain


def _grow_old(operator: Operator) -> None:
    """Five snapshots of a wedding within a minute, looked at three days later."""
    wedding = operator.tomorrow()
    for number in range(5):
        operator.sql(f"UPDATE guests SET remark = 'r{number}' WHERE wedding_id = %s", wedding.key)
        assert operator.wave(weddings=[wedding.id]).success
    settings = operator.protection.settings
    taken_at = max(ref.taken_at for ref in operator.protection.archive().vault.snapshots())
    operator.protection = Protection(settings, lambda: taken_at + timedelta(days=5))


def _obeyed(operator: Operator) -> dg.AssetCheckEvaluation:
    found = operator.run("evidence").get_asset_check_evaluations()
    return next(one for one in found if one.check_name == "retention_obeyed")


def test_retention_removes_what_may_go_and_the_check_is_red_until_then(protected: Operator) -> None:
    _grow_old(protected)
    wedding = protected.tomorrow()
    before = len(list(protected.protection.archive().vault.snapshots(scope=wedding)))
    red = _obeyed(protected)
    assert not red.passed
    assert red.severity is dg.AssetCheckSeverity.WARN
    assert str(wedding) in str(plain(red.metadata["failures"]))
    assert protected.run("retention").success
    assert len(list(protected.protection.archive().vault.snapshots(scope=wedding))) < before
    assert _obeyed(protected).passed


def _look(operator: Operator, cursor: str | None = None) -> dg.SensorResult | dg.SkipReason:
    context = dg.build_sensor_context(
        instance=operator.instance, resources={"protection": operator.protection}, cursor=cursor
    )
    answer = snapshots_elsewhere(context)
    assert isinstance(answer, dg.SensorResult | dg.SkipReason)
    return answer


def test_snapshots_of_the_command_line_are_shown_once_and_those_of_runs_are_not(protected: Operator) -> None:
    first = _look(protected)
    assert isinstance(first, dg.SensorResult)
    shown = {event.partition for event in first.asset_events if isinstance(event, dg.AssetMaterialization)}
    assert protected.tomorrow().id in shown
    assert isinstance(_look(protected, first.cursor), dg.SkipReason)
    wedding = protected.tomorrow()
    protected.sql("UPDATE guests SET remark = 'by a run' WHERE wedding_id = %s", wedding.key)
    protected.wave(weddings=[wedding.id])
    by_run = _look(protected, first.cursor)
    assert isinstance(by_run, dg.SensorResult)
    assert list(by_run.asset_events) == []
    protected.sql("UPDATE guests SET remark = 'by hand' WHERE wedding_id = %s", wedding.key)
    source, archive = protected.protection.source(), protected.protection.archive()
    take(source, archive, [wedding], now=NOW, requested_by="somebody (command line)")
    by_hand = _look(protected, by_run.cursor)
    assert isinstance(by_hand, dg.SensorResult)
    (event,) = by_hand.asset_events
    assert isinstance(event, dg.AssetMaterialization)
    assert (event.partition, event.metadata["requested_by"].value) == (wedding.id, "somebody (command line)")


def _trusted(operator: Operator) -> dg.AssetCheckEvaluation:
    found = operator.run("evidence").get_asset_check_evaluations()
    return next(one for one in found if one.check_name == "fingerprints_trusted")


def test_without_a_full_pass_in_the_last_week_fingerprints_are_not_trusted(protected: Operator) -> None:
    assert _trusted(protected).passed
    settings = protected.protection.settings
    protected.protection = Protection(settings, lambda: NOW + timedelta(days=9))
    red = _trusted(protected)
    assert not red.passed
    assert "9 days ago" in str(plain(red.metadata["failures"]))


def test_a_change_that_fingerprints_missed_is_an_error_that_names_the_wedding(protected: Operator) -> None:
    wedding = protected.tomorrow()
    batch = {"batch": "20261124T090000.000000Z-00000000", "failed": 0}
    missed = [{"kind": wedding.kind.value, "id": wedding.id}]
    protected.protection.archive().ledger.append("batch-finished", {**batch, "missed": missed}, NOW)
    red = _trusted(protected)
    assert red.severity is dg.AssetCheckSeverity.ERROR
    assert [row["scope"] for row in plain(red.metadata["failures"])] == [str(wedding)]


def test_a_run_whose_batch_began_before_the_last_look_is_still_a_run(protected: Operator) -> None:
    ledger, wedding, batch = protected.protection.archive().ledger, protected.tomorrow(), "20261124T090000.000000Z-aa"
    ledger.append("batch-started", {"batch": batch, "requested_by": "dagster run 1"}, NOW)
    first = _look(protected)
    assert isinstance(first, dg.SensorResult)
    line = {"kind": wedding.kind.value, "id": wedding.id, "snapshot_id": batch, "manifest": "0" * 64}
    body = {"batch": batch, "taken_at": "2026-11-24T09:00:00.000000Z", "stored": [line], "current": []}
    ledger.append("snapshots", body, NOW)
    second = _look(protected, first.cursor)
    assert isinstance(second, dg.SensorResult)
    assert list(second.asset_events) == []
