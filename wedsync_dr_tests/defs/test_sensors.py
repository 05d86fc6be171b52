"""Partitions follow the source, and never the other way round."""

import dagster as dg
import pytest

from wedsync_dr.defs.partitions import known_ids
from wedsync_dr.defs.resources import Protection
from wedsync_dr.defs.sensors import partition_sync
from wedsync_dr.demo.accident import destroy
from wedsync_dr.model import Kind
from wedsync_dr_tests.defs.conftest import NOW, Operator


def _tick(operator: Operator) -> dg.SensorResult:
    context = dg.build_sensor_context(instance=operator.instance, resources={"protection": operator.protection})
    result = partition_sync(context)
    assert isinstance(result, dg.SensorResult)
    for request in result.dynamic_partitions_requests or ():
        assert isinstance(request, dg.AddDynamicPartitionsRequest)
        operator.instance.add_dynamic_partitions(request.partitions_def_name, request.partition_keys)
    return result


def test_every_wedding_vendor_and_table_becomes_a_partition(operator: Operator) -> None:
    _tick(operator)
    ((weddings,),) = operator.sql("SELECT array_agg(id::text) FROM weddings")
    assert known_ids(operator.instance, Kind.WEDDING) == set(weddings)
    assert "public.venues" in known_ids(operator.instance, Kind.PLATFORM)
    assert known_ids(operator.instance, Kind.VENDOR)


def test_a_second_tick_adds_only_what_is_new(operator: Operator) -> None:
    _tick(operator)
    assert not _tick(operator).dynamic_partitions_requests
    ((wedding,),) = operator.sql("INSERT INTO weddings (title) VALUES ('New') RETURNING id::text")
    (request,) = _tick(operator).dynamic_partitions_requests or ()
    assert list(request.partition_keys) == [wedding]


def test_a_wedding_that_vanishes_keeps_its_partition_and_raises_one_alarm(operator: Operator) -> None:
    wedding = operator.tomorrow()
    _tick(operator)
    destroy(operator.protection.source(), wedding)
    (alarm,) = _tick(operator).run_requests or ()
    (again,) = _tick(operator).run_requests or ()
    assert alarm.tags["wedsync/alarm"] == "vanished"
    assert alarm.run_key == again.run_key
    assert wedding.id in known_ids(operator.instance, Kind.WEDDING)


def test_a_source_that_cannot_be_read_fails_the_tick_and_is_not_an_empty_source(operator: Operator) -> None:
    _tick(operator)
    before = known_ids(operator.instance, Kind.WEDDING)
    settings = operator.protection.settings()
    elsewhere = type(settings)(
        settings.vault_url,
        settings.keyring_url,
        settings.root_key,
        settings.rules,
        source_url="postgresql://127.0.0.1:1/x",
    )
    operator.protection = Protection(lambda: elsewhere, lambda: NOW)
    with pytest.raises(dg.Failure, match="answer"):
        _tick(operator)
    assert known_ids(operator.instance, Kind.WEDDING) == before
