"""Emergency packs as Dagster makes and checks them."""

from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

from wedsync_dr.defs import packs
from wedsync_dr.defs.resources import Protection
from wedsync_dr.demo.accident import flip_bit
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr_tests.defs.conftest import NOW, Operator, failure_of, plain


def _fresh(operator: Operator) -> tuple[bool, dict[str, Any]]:
    (found,) = [
        one
        for one in operator.run("promise").get_asset_check_evaluations()
        if one.check_name == "emergency_packs_fresh"
    ]
    return found.passed, {name: plain(value) for name, value in found.metadata.items()}


def _tick(operator: Operator) -> dg.RunRequest | dg.SkipReason:
    context = dg.build_sensor_context(operator.instance, resources={"protection": operator.protection})
    asked = packs.packs_behind(context)
    assert isinstance(asked, dg.RunRequest | dg.SkipReason)
    return asked


def _near(operator: Operator) -> set[str]:
    days = "wedding_date BETWEEN %s::date - 1 AND %s::date + 7"
    return {str(row[0]) for row in operator.sql(f"SELECT id FROM weddings WHERE {days}", NOW.date(), NOW.date())}


def test_near_weddings_without_a_pack_are_red_and_asked_for_and_then_green(protected: Operator) -> None:
    passed, shown = _fresh(protected)
    assert not passed
    assert {row["scope"] for row in shown["failures"]} == {f"wedding/{key}" for key in _near(protected)}
    assert {row["what"] for row in shown["failures"]} == {"There is no pack."}
    first, again = _tick(protected), _tick(protected)
    assert isinstance(first, dg.RunRequest) and isinstance(again, dg.RunRequest)
    assert first.run_key == again.run_key
    assert protected.run("near_packs").success
    assert isinstance(_tick(protected), dg.SkipReason)
    passed, shown = _fresh(protected)
    assert (passed, shown["fresh"]) == (True, len(_near(protected)))
    made = protected.instance.get_materialized_partitions(packs.PACK)
    assert made == _near(protected)
    protected.protection = Protection(protected.protection.settings, lambda: NOW + timedelta(days=1))
    passed, shown = _fresh(protected)
    assert not passed
    assert any("old; the objective is" in row["what"] for row in shown["failures"])


def test_a_pack_is_made_on_demand_for_any_wedding_and_shows_nothing_of_it(
    protected: Operator, capfd: pytest.CaptureFixture[str]
) -> None:
    ((far, title),) = protected.sql(
        "SELECT id::text, title FROM weddings ORDER BY wedding_date DESC NULLS LAST LIMIT 1"
    )
    protected.add(Kind.WEDDING, far)
    result = protected.backfill(packs.emergency_pack, Kind.WEDDING, far)
    assert result.success
    (entry,) = protected.instance.all_logs(result.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    made = entry.asset_materialization
    assert made and made.partition == far
    assert str(made.metadata["snapshot_id"].value).startswith("20")
    said = str(protected.instance.all_logs(result.run_id)) + "".join(capfd.readouterr())
    assert title not in said


def test_a_wedding_whose_recovery_points_are_damaged_is_named_and_stops_no_other(protected: Operator) -> None:
    broken = ScopeId(Kind.WEDDING, sorted(_near(protected))[0])
    for path in protected.objects(broken):
        flip_bit(path)
    result = protected.run("near_packs")
    assert not result.success
    assert [row["scope"] for row in failure_of(result)[1]["failed"]] == [str(broken)]
    assert protected.instance.get_materialized_partitions(packs.PACK) == _near(protected) - {broken.id}
