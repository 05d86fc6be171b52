"""One run for any list of scopes."""

from collections.abc import Mapping

import dagster as dg
import pytest

from wedsync_dr.defs.partitions import ASSETS, known_ids
from wedsync_dr.model import Kind
from wedsync_dr_tests.defs.conftest import Operator, failure_of


def _recorded(operator: Operator, kind: Kind) -> set[str]:
    return set(operator.instance.get_materialized_partitions(ASSETS[kind]))


def test_a_wave_takes_and_records_exactly_the_named_scopes(operator: Operator) -> None:
    first, _, third = operator.weddings(3)
    assert operator.wave(weddings=[third, first], platform_tables=["public.venues"]).success
    assert _recorded(operator, Kind.WEDDING) == {first, third}
    assert _recorded(operator, Kind.PLATFORM) == {"public.venues"}
    assert _recorded(operator, Kind.VENDOR) == set()


def test_what_a_wave_records_is_a_partition_so_that_it_is_shown(operator: Operator) -> None:
    wedding = operator.tomorrow().id
    operator.wave(weddings=[wedding])
    assert known_ids(operator.instance, Kind.WEDDING) == {wedding}


def test_everything_is_every_wedding_vendor_and_table(operator: Operator) -> None:
    assert operator.wave(everything=True).success
    ((weddings,),) = operator.sql("SELECT count(*) FROM weddings")
    assert len(_recorded(operator, Kind.WEDDING)) == weddings
    assert "public.http_sessions" not in _recorded(operator, Kind.PLATFORM)
    assert {"public.venues", "auth.users"} <= _recorded(operator, Kind.PLATFORM)


def test_batched_recording_writes_the_same_events_as_dagster_does(operator: Operator) -> None:
    wedding = operator.tomorrow().id
    operator.wave(weddings=[wedding])
    (record,) = operator.instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=ASSETS[Kind.WEDDING], asset_partitions=[wedding]), limit=5
    ).records
    assert record.asset_materialization is not None
    assert record.asset_materialization.metadata["tier"].value == "day_of"
    assert record.event_log_entry.step_key == "snapshot_scopes"


@pytest.mark.parametrize("config", [{}, {"everything": True, "weddings": ["a"]}])
def test_a_wave_that_asks_for_nothing_or_for_both_is_refused(operator: Operator, config: Mapping[str, object]) -> None:
    result = operator.wave(**config)
    assert not result.success
    assert "everything" in failure_of(result)[1]["remedy"]
    assert not list(operator.vault.glob("snapshots/*"))


def test_an_id_that_is_none_fails_with_the_remedy(operator: Operator) -> None:
    result = operator.wave(weddings=["../etc"])
    assert not result.success
    assert failure_of(result)[1]["error"] == "MalformedId"


def test_a_scope_that_fails_is_named_and_the_others_are_recorded(operator: Operator) -> None:
    wedding = operator.tomorrow().id
    result = operator.wave(weddings=["00000000-0000-4000-8000-000000000000", wedding])
    assert not result.success
    assert _recorded(operator, Kind.WEDDING) == {wedding}
