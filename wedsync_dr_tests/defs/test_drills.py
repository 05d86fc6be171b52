"""Drills as Dagster runs them, and the check that reads them."""

import shutil
from datetime import timedelta

from wedsync_dr.defs.resources import Protection
from wedsync_dr.demo.accident import flip_bit
from wedsync_dr_tests.defs.conftest import NOW, Operator, failure_of, plain


def _drill(operator: Operator, **form: object) -> bool:
    return operator.run("restore_drill", {"ops": {"restore_aside": {"config": {"count": 5, **form}}}}).success


def _restorable(operator: Operator) -> tuple[bool, dict[str, object]]:
    result = operator.run("evidence")
    (found,) = [one for one in result.get_asset_check_evaluations() if one.check_name == "restorable"]
    return found.passed, {name: plain(value) for name, value in found.metadata.items() if name != "drills"}


def test_before_the_first_drill_restorable_is_red_and_after_it_shows_each_tier(protected: Operator) -> None:
    passed, shown = _restorable(protected)
    assert not passed
    assert "No drill has ever run." in str(shown["failures"])
    assert _drill(protected)
    passed, shown = _restorable(protected)
    assert passed
    tiers = {row["tier"]: row for row in shown["last_restore_per_tier"]}  # type: ignore[attr-defined]
    assert tiers["day_of"]["rto_seconds"] == 300
    assert tiers["day_of"]["equal"] is True


def test_a_recovery_point_that_does_not_restore_fails_the_run_and_the_check(protected: Operator) -> None:
    wedding = protected.tomorrow()
    flip_bit(protected.objects(wedding)[0])
    result = protected.run("restore_drill", {"ops": {"restore_aside": {"config": {"count": 1}}}})
    assert not result.success
    assert str(wedding) in failure_of(result)[0]
    passed, shown = _restorable(protected)
    assert not passed
    assert str(wedding) in str(shown["failures"])


def test_a_drill_of_two_nights_ago_is_red(protected: Operator) -> None:
    assert _drill(protected)
    settings = protected.protection.settings
    protected.protection = Protection(settings, lambda: NOW + timedelta(hours=40))
    passed, shown = _restorable(protected)
    assert not passed
    assert "hours ago" in str(shown["failures"])


def test_a_drill_that_cannot_run_fails_and_is_red(protected: Operator) -> None:
    shutil.rmtree(protected.vault / "snapshots")
    assert not _drill(protected)
    assert not _restorable(protected)[0]
