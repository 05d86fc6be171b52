"""The sensors that keep the promise, on a real platform and with a moving clock."""

from collections.abc import Callable
from datetime import timedelta

import dagster as dg
import pytest

from wedsync_dr.definitions import defs
from wedsync_dr.defs.lanes import requests, under_way
from wedsync_dr.defs.resources import Protection
from wedsync_dr.defs.urgent import missed_objectives, urgent_weddings
from wedsync_dr.model import Kind, ScopeId, Tier
from wedsync_dr.schedule.due import Candidate, decide
from wedsync_dr.schedule.policy import DEFAULT
from wedsync_dr_tests.defs.conftest import NOW, Operator

Sensor = Callable[..., object]


def tick(operator: Operator, sensor: Sensor = urgent_weddings) -> list[dg.RunRequest]:
    context = dg.build_sensor_context(instance=operator.instance, resources={"protection": operator.protection})
    answer = sensor(context)
    if isinstance(answer, dg.SkipReason):
        return []
    assert isinstance(answer, dg.SensorResult)
    return list(answer.run_requests or ())


def later(operator: Operator, **how: int) -> None:
    """So long after the newest snapshot of everything."""
    taken_at = max(ref.taken_at for ref in operator.protection.archive().vault.snapshots())
    settings = operator.protection.settings
    operator.protection = Protection(settings, lambda: taken_at + timedelta(**how))


def form(request: dg.RunRequest) -> dict[str, list[str]]:
    found: dict[str, list[str]] = request.run_config["ops"]["snapshot_scopes"]["config"]
    return found


def test_right_after_the_nightly_pass_nothing_is_asked_for(protected: Operator) -> None:
    later(protected, seconds=30)
    assert tick(protected) == []
    assert tick(protected, missed_objectives) == []


def test_weddings_of_the_day_are_asked_for_before_their_objective_ends_and_first(protected: Operator) -> None:
    later(protected, minutes=4)
    asked = tick(protected)
    assert protected.tomorrow().id in form(asked[0])["weddings"]
    assert asked[0].tags["dagster/priority"] == "100"
    assert asked[0].tags["wedsync/lane"] == "urgent"
    assert "objective 5 min" in asked[0].tags["wedsync/reason"]
    assert {request.tags["wedsync/tier"] for request in asked} == {"day_of"}
    later(protected, minutes=50)
    tiers = [request.tags["wedsync/tier"] for request in tick(protected)]
    assert tiers == ["day_of", "imminent", "critical"]


def test_a_repeated_tick_asks_for_the_same_and_a_later_one_again(protected: Operator) -> None:
    later(protected, minutes=4)
    first = [request.run_key for request in tick(protected)]
    assert [request.run_key for request in tick(protected)] == first
    later(protected, minutes=10)
    assert not {request.run_key for request in tick(protected)} & set(first)


def test_after_the_run_nothing_more_is_due(protected: Operator) -> None:
    later(protected, minutes=4)
    (request,) = tick(protected)
    assert protected.run("snapshot_wave", request.run_config).success
    later(protected, minutes=2)
    assert tick(protected) == []


def test_what_a_run_takes_already_is_not_asked_for_again(protected: Operator) -> None:
    later(protected, minutes=4)
    (request,) = tick(protected)
    job = defs.resolve_job_def("snapshot_wave")
    protected.instance.create_run_for_job(
        job, run_config=request.run_config, tags=request.tags, status=dg.DagsterRunStatus.STARTED
    )
    assert protected.tomorrow() in under_way(protected.instance, "urgent")
    assert tick(protected) == []


def test_a_new_wedding_within_30_days_is_asked_for_at_once_and_one_in_a_year_is_not(protected: Operator) -> None:
    later(protected, seconds=30)
    day = protected.protection.now().date() + timedelta(days=20)
    ((near,),) = protected.sql(
        "INSERT INTO weddings (title, wedding_date, time_zone) VALUES ('New', %s, 'UTC') RETURNING id::text", day
    )
    protected.sql("INSERT INTO weddings (title, wedding_date) VALUES ('Far', %s)", day + timedelta(days=400))
    (request,) = tick(protected)
    assert form(request)["weddings"] == [near]
    assert request.tags["wedsync/wedding"] == near
    assert "no recovery point yet" in request.tags["wedsync/reason"]


def test_a_wedding_whose_date_moves_to_tomorrow_is_urgent_at_the_next_tick(protected: Operator) -> None:
    later(protected, minutes=20)
    tomorrow = protected.protection.now().date() + timedelta(days=1)
    ((moved,),) = protected.sql(
        "UPDATE weddings SET wedding_date = %s, time_zone = 'UTC' WHERE id = (SELECT id FROM weddings WHERE"
        " wedding_date > %s ORDER BY wedding_date DESC LIMIT 1) RETURNING id::text",
        tomorrow,
        tomorrow + timedelta(days=40),
    )
    first = tick(protected)[0]
    assert first.tags["wedsync/tier"] == "day_of"
    assert moved in form(first)["weddings"]


def test_what_can_wait_is_taken_in_the_bulk_lane_once_its_objective_is_missed(protected: Operator) -> None:
    later(protected, hours=23)
    assert tick(protected, missed_objectives) == []
    later(protected, hours=25)
    asked = tick(protected, missed_objectives)
    assert {request.tags["wedsync/lane"] for request in asked} == {"bulk"}
    assert {request.tags["wedsync/tier"] for request in asked} <= {"normal", "none"}
    assert any(form(request)["platform_tables"] for request in asked)


@pytest.mark.parametrize("sensor", [urgent_weddings, missed_objectives])
def test_a_source_that_cannot_be_read_fails_the_tick(protected: Operator, sensor: Sensor) -> None:
    settings = protected.protection.settings()
    away = type(settings)(
        settings.vault_url,
        settings.keyring_url,
        settings.root_key,
        settings.rules,
        source_url="postgresql://127.0.0.1:1/x",
    )
    protected.protection = Protection(lambda: away, lambda: NOW)
    with pytest.raises(dg.Failure):
        tick(protected, sensor)


def test_batches_are_cut_by_size_and_by_tier() -> None:
    many = [Candidate(ScopeId(Kind.WEDDING, f"{n:03}"), Tier.DAY_OF, estimated_bytes=2**18) for n in range(300)]
    large = Candidate(ScopeId(Kind.WEDDING, "large"), Tier.IMMINENT, estimated_bytes=2**30)
    small = Candidate(ScopeId(Kind.WEDDING, "small"), Tier.IMMINENT)
    found = [*many, large, small]
    asked = requests(decide(found, DEFAULT, NOW), found, DEFAULT, NOW, "urgent")
    assert [len(form(request)["weddings"]) for request in asked] == [250, 50, 1, 1]
    assert [request.tags["wedsync/tier"] for request in asked] == ["day_of", "day_of", "imminent", "imminent"]
    assert len({request.run_key for request in asked}) == 4
