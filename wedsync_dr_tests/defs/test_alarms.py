"""People are told what is wrong, once, while the clock moves on; a channel that fails stops nothing."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from wedsync_dr.alerts.addresses import parse_addresses
from wedsync_dr.defs.alarms import alarms, run_failures
from wedsync_dr.defs.resources import Protection
from wedsync_dr.demo.accident import destroy
from wedsync_dr_tests.alerts.servers import Sink, web_server
from wedsync_dr_tests.defs.conftest import NOW, Operator

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
Tick = Callable[..., dg.SensorResult]


@dataclass
class Daemon:
    """Evaluates a sensor again and again, at instants that the test chooses."""

    operator: Operator
    sensor: dg.SensorDefinition
    cursor: str | None = None
    now: datetime = NOW

    def tick(self, after: timedelta = MINUTE) -> dg.SensorResult:
        self.now += after
        protection = replace(self.operator.protection, now=lambda: self.now)
        context = dg.build_sensor_context(
            instance=self.operator.instance, resources={"protection": protection}, cursor=self.cursor
        )
        result = self.sensor(context)
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor or self.cursor
        return result


def notices(sink: Sink) -> list[dict[str, Any]]:
    """All that was told since this was asked last."""
    told = [notice for body in sink.bodies for notice in json.loads(body)["notices"]]
    sink.bodies.clear()
    return told


def codes(sink: Sink) -> list[tuple[str, str]]:
    return sorted((notice["news"], notice["code"]) for notice in notices(sink))


def set_alerts(operator: Operator, text: str, **more: Any) -> None:
    """Settings with these channels, whatever else the test changes."""
    settings = replace(operator.protection.settings(), alerts=parse_addresses(text), space_warn=100, **more)
    operator.protection = Protection(lambda: settings, operator.protection.now)


@contextmanager
def listening(operator: Operator) -> Iterator[Sink]:
    """A webhook that takes what is told."""
    with web_server() as sink:
        set_alerts(operator, f"http://127.0.0.1:{sink.port}/hush")
        yield sink


def test_what_is_wrong_is_told_once_and_again_and_that_it_is_over(protected: Operator) -> None:
    with listening(protected) as sink:
        daemon = Daemon(protected, alarms)
        daemon.tick()
        assert {("new", "verification-missing"), ("new", "drill-missing")} <= set(codes(sink))
        daemon.tick()
        assert notices(sink) == []
        daemon.tick(HOUR)
        assert ("still", "verification-missing") in codes(sink)
        assert protected.run("evidence") is not None
        daemon.tick()
        daemon.tick(10 * MINUTE)
        assert ("over", "verification-missing") in codes(sink)


def test_a_wedding_that_vanished_and_weddings_that_are_late_are_named(protected: Operator) -> None:
    with listening(protected) as sink:
        daemon = Daemon(protected, alarms)
        daemon.tick()
        notices(sink)
        wedding = protected.tomorrow()
        destroy(protected.protection.source(), wedding)
        daemon.tick()
        told = {notice["code"]: notice for notice in notices(sink)}
        assert told["vanished"]["subjects"] == [str(wedding)]
        days = 40 * timedelta(days=1)
        daemon.tick(days)
        told = {notice["code"]: notice for notice in notices(sink)}
        assert told["objective-missed"]["count"] > 0
        assert all(one.startswith(("wedding/", "vendor/", "platform/")) for one in told["objective-missed"]["subjects"])


def test_a_source_that_is_down_is_one_alert_and_nothing_is_over_because_of_it(protected: Operator) -> None:
    with listening(protected) as sink:
        daemon = Daemon(protected, alarms)
        daemon.tick()
        notices(sink)
        up = protected.protection.settings()
        set_alerts(protected, up.alerts[0].url, source_url="postgresql://127.0.0.1:1/x")
        for _ in range(15):
            daemon.tick()
        assert codes(sink) == [("new", "source-unreadable")]


def test_a_channel_that_fails_is_told_by_the_other_and_gets_later_what_it_missed(protected: Operator) -> None:
    with web_server(500) as broken, web_server() as sink:
        set_alerts(protected, f"http://127.0.0.1:{broken.port}/hush http://127.0.0.1:{sink.port}/hush")
        daemon = Daemon(protected, alarms)
        daemon.tick()
        assert notices(sink)
        daemon.tick()
        (told,) = notices(sink)
        assert told["code"] == "channel-failed"
        assert "answered 500" in told["title"]
        assert "hush" not in json.dumps(told) + str(daemon.cursor)
        assert protected.protection.archive().ledger.known().mute_channels.keys() == {"1 (webhook at 127.0.0.1)"}


def test_without_a_channel_the_tick_says_that_nobody_is_told(protected: Operator) -> None:
    result = Daemon(protected, alarms).tick()
    assert "nobody is told" in str(result.skip_reason)
    assert "need somebody" in str(result.skip_reason)


@pytest.mark.parametrize("sensor", [alarms, run_failures])
def test_both_run_by_themselves_and_say_what_they_are_for(sensor: dg.SensorDefinition) -> None:
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    assert "WEDSYNC_ALERTS" in str(sensor.description)


def test_a_run_that_failed_is_told_with_its_scope_its_remedy_and_that_it_is_over(protected: Operator) -> None:
    with listening(protected) as sink:
        daemon = Daemon(protected, run_failures)
        daemon.tick()
        assert notices(sink) == []
        failed = [protected.wave(weddings=["no-such-wedding"]) for _ in range(3)][-1]
        daemon.tick()
        (told,) = notices(sink)
        assert (told["news"], told["code"], told["subjects"]) == ("new", "run-failed", ["wedding/no-such-wedding"])
        assert told["title"].startswith("3 run(s) of snapshot_wave failed")
        assert failed.run_id in told["title"]
        daemon.tick()
        assert protected.wave(weddings=protected.weddings(1)).success
        daemon.tick()
        daemon.tick(10 * MINUTE)
        assert codes(sink) == [("over", "run-failed")]


def test_a_failed_restore_names_its_wedding_and_the_class_of_the_error(protected: Operator) -> None:
    with listening(protected) as sink:
        wedding = protected.tomorrow()
        protected.objects(wedding)[0].unlink()
        assert not protected.restore(wedding).success
        Daemon(protected, run_failures).tick()
        (told,) = notices(sink)
        assert told["subjects"] == [str(wedding)]
        assert "restore_wedding failed (" in told["title"]
        assert told["what_to_do"]
