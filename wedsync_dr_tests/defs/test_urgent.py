"""The sensors that keep the promise, on a real platform and with a moving clock."""

from collections.abc import Callable
from datetime import timedelta

import dagster as dg
import pytest

from wedsync_dr.definitions import defs
from wedsync_dr.defs.lanes import requests, under_way
from wedsync_dr.defs.resources import Protection
from wedsync_dr.defs.urgent import missed_objectives, urgent_weddings
from wedsync_dr.model import Kind, ScopeId, Tier, parse_utc
from wedsync_dr.schedule.due import Candidate, decide
from wedsync_dr.schedule.policy import DEFAULT
from wedsync_dr_tests.defs.conftest import NOW, Operator

Sensor = Callable[..., object]


@pytest.fixture
def watched(protected: Operator) -> Operator:
    """Everything has a snapshot, and the fingerprints are of this very database: it is a copy of the first night's."""
    assert protected.wave(everything=True, changed_only=True).success
    return protected


def tick(operator: Operator, sensor: Sensor = urgent_weddings) -> list[dg.RunRequest]:
    context = dg.build_sensor_context(instance=operator.instance, resources={"protection": operator.protection})
    answer = sensor(context)
    if isinstance(answer, dg.SkipReason):
        return []
    assert isinstance(answer, dg.SensorResult)
    return list(answer.run_requests or ())


def later(operator: Operator, **how: int) -> None:
    """So long after everything was last known to be current."""
    last = parse_utc(max(operator.protection.archive().ledger.known().current.values()))
    settings = operator.protection.settings
    operator.protection = Protection(settings, lambda: last + timedelta(**how))


def form(request: dg.RunRequest) -> dict[str, list[str]]:
    found: dict[str, list[str]] = request.run_config["ops"]["snapshot_scopes"]["config"]
    return found


def test_right_after_the_nightly_pass_nothing_is_asked_for(watched: Operator) -> None:
    later(watched, seconds=30)
    assert tick(watched) == []
    assert tick(watched, missed_objectives) == []


def test_weddings_of_the_day_are_asked_for_before_their_objective_ends_and_first(watched: Operator) -> None:
    later(watched, minutes=4)
    asked = tick(watched)
    assert watched.tomorrow().id in form(asked[0])["weddings"]
    assert asked[0].tags["dagster/priority"] == "100"
    assert asked[0].tags["wedsync/lane"] == "urgent"
    assert "objective 5 min" in asked[0].tags["wedsync/reason"]
    assert {request.tags["wedsync/tier"] for request in asked} == {"day_of"}
    later(watched, minutes=50)
    tiers = [request.tags["wedsync/tier"] for request in tick(watched)]
    assert tiers == ["day_of", "imminent", "critical"]


def test_a_repeated_tick_asks_for_the_same_and_a_later_one_again(watched: Operator) -> None:
    later(watched, minutes=4)
    first = [request.run_key for request in tick(watched)]
    assert [request.run_key for request in tick(watched)] == first
    later(watched, minutes=10)
    assert not {request.run_key for request in tick(watched)} & set(first)


def test_after_the_run_nothing_more_is_due(watched: Operator) -> None:
    later(watched, minutes=4)
    (request,) = tick(watched)
    assert watched.run("snapshot_wave", request.run_config).success
    later(watched, minutes=2)
    assert tick(watched) == []


def test_what_a_run_takes_already_is_not_asked_for_again(watched: Operator) -> None:
    later(watched, minutes=4)
    (request,) = tick(watched)
    job = defs.resolve_job_def("snapshot_wave")
    watched.instance.create_run_for_job(
        job, run_config=request.run_config, tags=request.tags, status=dg.DagsterRunStatus.STARTED
    )
    assert watched.tomorrow() in under_way(watched.instance, "urgent")
    assert tick(watched) == []


def test_a_new_wedding_within_30_days_is_asked_for_at_once_and_one_in_a_year_is_not(watched: Operator) -> None:
    later(watched, seconds=30)
    day = watched.protection.now().date() + timedelta(days=20)
    ((near,),) = watched.sql(
        "INSERT INTO weddings (title, wedding_date, time_zone) VALUES ('New', %s, 'UTC') RETURNING id::text", day
    )
    watched.sql("INSERT INTO weddings (title, wedding_date) VALUES ('Far', %s)", day + timedelta(days=400))
    (request,) = tick(watched)
    assert form(request)["weddings"] == [near]
    assert request.tags["wedsync/wedding"] == near
    assert "no recovery point yet" in request.tags["wedsync/reason"]


def test_a_wedding_whose_date_moves_to_tomorrow_is_urgent_at_the_next_tick(watched: Operator) -> None:
    later(watched, minutes=20)
    tomorrow = watched.protection.now().date() + timedelta(days=1)
    ((moved,),) = watched.sql(
        "UPDATE weddings SET wedding_date = %s, time_zone = 'UTC' WHERE id = (SELECT id FROM weddings WHERE"
        " wedding_date > %s ORDER BY wedding_date DESC LIMIT 1) RETURNING id::text",
        tomorrow,
        tomorrow + timedelta(days=40),
    )
    first = tick(watched)[0]
    assert first.tags["wedsync/tier"] == "day_of"
    assert moved in form(first)["weddings"]


def test_what_can_wait_is_taken_in_the_bulk_lane_once_its_objective_is_missed(watched: Operator) -> None:
    later(watched, hours=23)
    assert tick(watched, missed_objectives) == []
    later(watched, hours=25)
    asked = tick(watched, missed_objectives)
    assert {request.tags["wedsync/lane"] for request in asked} == {"bulk"}
    assert {request.tags["wedsync/tier"] for request in asked} <= {"normal", "none"}
    assert any(form(request)["platform_tables"] for request in asked)


@pytest.mark.parametrize("sensor", [urgent_weddings, missed_objectives])
def test_a_source_that_cannot_be_read_fails_the_tick(watched: Operator, sensor: Sensor) -> None:
    settings = watched.protection.settings()
    away = type(settings)(
        settings.vault_url,
        settings.keyring_url,
        settings.root_key,
        settings.rules,
        source_url="postgresql://127.0.0.1:1/x",
    )
    watched.protection = Protection(lambda: away, lambda: NOW)
    with pytest.raises(dg.Failure):
        tick(watched, sensor)


def test_batches_are_cut_by_size_and_by_tier() -> None:
    many = [Candidate(ScopeId(Kind.WEDDING, f"{n:03}"), Tier.DAY_OF, estimated_bytes=2**18) for n in range(300)]
    large = Candidate(ScopeId(Kind.WEDDING, "large"), Tier.IMMINENT, estimated_bytes=2**30)
    small = Candidate(ScopeId(Kind.WEDDING, "small"), Tier.IMMINENT)
    found = [*many, large, small]
    asked = requests(decide(found, DEFAULT, NOW), found, DEFAULT, NOW, "urgent")
    assert [len(form(request)["weddings"]) for request in asked] == [250, 50, 1, 1]
    assert [request.tags["wedsync/tier"] for request in asked] == ["day_of", "day_of", "imminent", "imminent"]
    assert len({request.run_key for request in asked}) == 4


def test_an_unchanged_wedding_of_the_day_is_recorded_as_current_without_being_read(watched: Operator) -> None:
    wedding = watched.tomorrow()
    before = watched.objects(wedding)
    later(watched, minutes=4)
    (request,) = tick(watched)
    assert form(request)["changed_only"]
    assert watched.run("snapshot_wave", request.run_config).success
    assert watched.objects(wedding) == before
    later(watched, minutes=2)
    assert tick(watched) == []


def test_a_change_within_30_days_is_asked_for_at_the_next_tick_and_one_in_a_year_is_not(watched: Operator) -> None:
    later(watched, seconds=10)
    assert tick(watched) == []
    wedding = watched.tomorrow()
    ((far,),) = watched.sql("SELECT id::text FROM weddings ORDER BY wedding_date DESC NULLS LAST LIMIT 1")
    for one in (wedding.key, far):
        watched.sql("UPDATE guests SET remark = 'vegan' WHERE wedding_id = %s", one)
    (request,) = tick(watched)
    assert form(request)["weddings"] == [wedding.id]
    assert "changed in the last" in request.tags["wedsync/reason"]


def test_a_vault_that_never_saw_a_full_pass_gets_its_first_one_once_an_hour_until_it_has(operator: Operator) -> None:
    (request,) = tick(operator, missed_objectives)
    assert form(request)["everything"]
    assert request.tags["wedsync/lane"] == "bulk"
    assert [again.run_key for again in tick(operator, missed_objectives)] == [request.run_key]
    assert operator.run("snapshot_wave", request.run_config).success
    assert tick(operator, missed_objectives) == []
