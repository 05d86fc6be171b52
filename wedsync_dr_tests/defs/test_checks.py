"""The evidence, and everything that must turn it red."""

import shutil
from dataclasses import replace
from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

from wedsync_dr.definitions import defs
from wedsync_dr.defs.resources import Protection
from wedsync_dr.demo.accident import destroy, flip_bit
from wedsync_dr.snapshot.absent import accept
from wedsync_dr_tests.defs.conftest import NOW, Operator, failure_of, plain

# `restorable` has a file of its own, test_drills.py, and so has `emergency_packs_fresh`, test_packs.py
GREEN = dict.fromkeys(
    (
        *("snapshots_intact", "rows_match_source", "nothing_unprotected", "schema_unchanged"),
        *("within_rpo", "weddings_vanished", "retention_obeyed", "fingerprints_trusted", "vault_space"),
    ),
    True,
)


def _evidence(operator: Operator) -> dict[str, dg.AssetCheckEvaluation]:
    result = operator.run("evidence")
    assert result.success
    found = {evaluation.check_name: evaluation for evaluation in result.get_asset_check_evaluations()}
    del found["restorable"], found["emergency_packs_fresh"]
    return found


def _passed(found: dict[str, dg.AssetCheckEvaluation]) -> dict[str, bool]:
    return {name: evaluation.passed for name, evaluation in found.items()}


def _rows(evaluation: dg.AssetCheckEvaluation) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = plain(evaluation.metadata["failures"])
    return rows


def _figure(evaluation: dg.AssetCheckEvaluation, name: str) -> Any:
    return evaluation.metadata[name].value


def test_after_the_first_night_everything_is_green_and_says_how_much_was_read(protected: Operator) -> None:
    found = _evidence(protected)
    assert _passed(found) == GREEN
    scopes = _figure(found["nothing_unprotected"], "scopes_in_source")
    assert scopes == _figure(found["nothing_unprotected"], "scopes_in_vault")
    assert scopes == _figure(found["rows_match_source"], "scopes_compared") + 1  # the schema has no rows
    assert scopes == _figure(found["snapshots_intact"], "snapshots_read")


def test_before_the_first_snapshot_nothing_is_green_because_there_is_nothing_to_read(operator: Operator) -> None:
    found = _evidence(operator)
    assert not found["snapshots_intact"].passed
    assert not found["nothing_unprotected"].passed
    assert not found["schema_unchanged"].passed
    assert _rows(found["nothing_unprotected"])[0]["what"] == "The vault has no snapshot at all."
    assert "nothing-checked" in _rows(found["snapshots_intact"])[0]["what"]


def test_a_flipped_bit_turns_one_check_red_and_names_the_wedding_and_what_to_do(protected: Operator) -> None:
    wedding = protected.tomorrow()
    flip_bit(protected.objects(wedding)[0])
    found = _evidence(protected)
    assert _passed(found) == GREEN | {"snapshots_intact": False}
    (row,) = _rows(found["snapshots_intact"])
    assert row["scope"] == str(wedding)
    assert row["what"].startswith("altered")
    assert "runbook" in row["what_to_do"]
    assert found["snapshots_intact"].severity is dg.AssetCheckSeverity.ERROR


def test_a_snapshot_that_was_removed_by_hand_is_found(protected: Operator) -> None:
    shutil.rmtree(protected.objects(protected.tomorrow())[0].parent)
    assert not _evidence(protected)["snapshots_intact"].passed


def test_integrity_is_also_checked_while_the_source_is_down(protected: Operator) -> None:
    settings = protected.protection.settings()
    elsewhere = type(settings)(
        settings.vault_url,
        settings.keyring_url,
        settings.root_key,
        settings.rules,
        source_url="postgresql://127.0.0.1:1/x",
    )
    protected.protection = Protection(lambda: elsewhere, lambda: NOW)
    result = protected.run("evidence")
    (intact,) = [check for check in result.get_asset_check_evaluations() if check.check_name == "snapshots_intact"]
    assert intact.passed
    assert not result.success
    assert failure_of(result)[1]["error"] == "SourceUnreachable"


@pytest.mark.parametrize(("days", "severity"), [(1, dg.AssetCheckSeverity.ERROR), (200, dg.AssetCheckSeverity.WARN)])
def test_a_new_wedding_is_unprotected_and_how_bad_that_is_depends_on_its_date(
    protected: Operator, days: int, severity: dg.AssetCheckSeverity
) -> None:
    ((wedding,),) = protected.sql(
        "INSERT INTO weddings (title, wedding_date, time_zone) VALUES ('New', %s, 'UTC') RETURNING id::text",
        NOW.date() + timedelta(days=days),
    )
    red = _evidence(protected)["nothing_unprotected"]
    assert [row["scope"] for row in _rows(red)] == [f"wedding/{wedding}"]
    assert red.severity is severity


def test_a_source_without_any_wedding_is_not_a_well_protected_one(operator: Operator) -> None:
    operator.wave(platform_tables=["public.venues"])
    operator.sql("TRUNCATE weddings CASCADE")
    assert "no wedding at all" in str(_rows(_evidence(operator)["nothing_unprotected"]))


def test_a_wedding_that_vanished_is_an_alarm_with_its_last_recovery_point(protected: Operator) -> None:
    wedding = protected.tomorrow()
    destroy(protected.protection.source(), wedding)
    found = _evidence(protected)
    red = found["weddings_vanished"]
    (row,) = _rows(red)
    assert row["scope"] == str(wedding)
    assert "last known current at" in row["what"]
    assert "restore_wedding" in row["what_to_do"]
    assert red.severity is dg.AssetCheckSeverity.ERROR
    assert found["nothing_unprotected"].passed
    source, archive = protected.protection.source(), protected.protection.archive()
    accept(source, archive, wedding, reason="meant", by="test", now=protected.protection.now())
    assert _evidence(protected)["weddings_vanished"].passed


def test_a_recovery_point_that_is_too_old_is_outside_its_objective_and_named_by_tier(protected: Operator) -> None:
    wedding = protected.tomorrow()
    taken_at = max(ref.taken_at for ref in protected.protection.archive().vault.snapshots(scope=wedding))
    settings = protected.protection.settings
    protected.protection = Protection(settings, lambda: taken_at + timedelta(minutes=6))
    red = _evidence(protected)["within_rpo"]
    assert str(wedding) in [row["scope"] for row in _rows(red)]
    assert red.severity is dg.AssetCheckSeverity.ERROR
    tiers = {row["tier"]: row for row in plain(red.metadata["tiers"])}
    assert (tiers["day_of"]["inside_now"], tiers["normal"]["inside_now"]) == (0, tiers["normal"]["scopes"])
    assert tiers["day_of"]["share_of_24_h"] == "83.3%"


def test_an_edit_is_no_failure_until_the_tier_s_rpo_has_passed(protected: Operator) -> None:
    wedding = protected.tomorrow()
    protected.sql("UPDATE guests SET remark = 'vegan' WHERE wedding_id = %s", wedding.key)
    taken_at = max(ref.taken_at for ref in protected.protection.archive().vault.snapshots(scope=wedding))
    settings = protected.protection.settings
    protected.protection = Protection(settings, lambda: taken_at + timedelta(minutes=4))
    fresh = _evidence(protected)["rows_match_source"]
    protected.protection = Protection(settings, lambda: taken_at + timedelta(minutes=6))
    late = _evidence(protected)["rows_match_source"]
    assert fresh.passed
    assert _figure(fresh, "moved_within_rpo") >= 1
    assert not late.passed
    assert str(wedding) in [row["scope"] for row in _rows(late)]


def test_drift_is_a_warning_that_says_what_restores_do_and_an_error_where_they_are_refused(
    protected: Operator,
) -> None:
    protected.sql("ALTER TABLE guests ADD nickname text, DROP COLUMN remark CASCADE")
    warned = _evidence(protected)["schema_unchanged"]
    assert not warned.passed
    assert warned.severity is dg.AssetCheckSeverity.WARN
    told = {row["what"].split(" ")[0]: row for row in _rows(warned)}
    assert "default" in told["public.guests.nickname"]["what"]
    assert "--accept-drift" in told["public.guests.remark"]["what_to_do"]
    assert set(told) == {"public.guests.nickname", "public.guests.remark"}
    protected.sql("ALTER TABLE guests ADD seat int DEFAULT 0 NOT NULL")
    protected.sql("ALTER TABLE guests ALTER seat DROP DEFAULT")
    refused = _evidence(protected)["schema_unchanged"]
    assert refused.severity is dg.AssetCheckSeverity.ERROR


def test_drift_that_new_snapshots_know_of_is_no_drift_any_more(protected: Operator) -> None:
    protected.sql("ALTER TABLE guests ADD nickname text")
    assert not _evidence(protected)["schema_unchanged"].passed
    assert protected.wave(everything=True).success
    assert _evidence(protected)["schema_unchanged"].passed


def test_the_promise_is_asked_for_by_itself_without_reading_a_snapshot(protected: Operator) -> None:
    flip_bit(protected.objects(protected.tomorrow())[0])
    asked = protected.run("promise").get_asset_check_evaluations()
    assert {one.check_name: one.passed for one in asked} == {
        "within_rpo": True, "weddings_vanished": True, "emergency_packs_fresh": False,
    }  # fmt: skip


@pytest.mark.parametrize(("warns_at", "passed"), [(100, True), (0, False)])
def test_a_vault_whose_disk_is_fuller_than_the_setting_says_is_red(
    protected: Operator, warns_at: int, passed: bool
) -> None:
    settings = replace(protected.protection.settings(), space_warn=warns_at)
    protected.protection = Protection(lambda: settings, protected.protection.now)
    seen = _evidence(protected)["vault_space"]
    assert seen.passed is passed
    assert _figure(seen, "free_bytes") > 0


def test_each_lane_as_a_whole_has_a_freshness_policy_of_a_night() -> None:
    policies = {spec.key.to_user_string(): spec.freshness_policy for spec in defs.resolve_all_asset_specs()}
    assert all(
        policies[name] for name in ("wedding_snapshot", "vendor_snapshot", "platform_snapshot", "recovery_points")
    )
