"""The whole platform back into an empty database: `pg_restore -j2` of a plain dump, and ours from the sealed vault."""

from collections.abc import Callable
from datetime import UTC, datetime

from benchmarks.stage import Stage, timed
from wedsync_dr.model import Tier
from wedsync_dr.restore.everything import restore_everything
from wedsync_dr.restore.recovery import Recovered
from wedsync_dr.restore.waves import Order
from wedsync_dr.vault.archive import Archive

Note = Callable[[str, float], None]
ROWS = [
    ("whole platform, fast, every table proven", "platform: fast", "pg_restore -j2", "platform: pg_restore"),
    ("whole platform, urgent, every table proven", "platform: urgent", "pg_restore -j2", "platform: pg_restore"),
    ("last wedding of the day usable", "platform: day of", "the whole of it, urgent", "platform: urgent"),
]


def whole_platform(stage: Stage, archive: Archive, note: Note) -> None:
    """One round: the opponent, then both orders; each into a database of its own."""
    dump = stage.home / "platform.dump"
    stage.tool("pg_dump", "-Fc", "-Z0", "-f", str(dump), "-d", stage.url)
    note("platform: pg_restore", _into_new(stage, lambda url: stage.tool("pg_restore", "-j2", "-d", url, str(dump))))
    for order in Order:
        done: list[Recovered] = []
        note(f"platform: {order.value}", _into_new(stage, _rebuilding(archive, order, done)))
        outcome = done[0].outcome
        if outcome is None or not outcome.whole or outcome.dangling:
            raise SystemExit("the platform did not come back whole")
        if order is Order.urgent:
            _day_of(done[0], note)


def _day_of(done: Recovered, note: Note) -> None:
    assert done.outcome
    for wave in done.outcome.waves:
        if wave.tier is Tier.DAY_OF:
            note("platform: day of", wave.usable_at + (done.seconds - done.outcome.seconds))


def _rebuilding(archive: Archive, order: Order, done: list[Recovered]) -> Callable[[str], object]:
    return lambda url: done.append(_ours(archive, url, order))


def _ours(archive: Archive, url: str, order: Order) -> Recovered:
    return restore_everything(archive, url, order=order, apply=True, now=datetime.now(UTC), requested_by="bench")


def _into_new(stage: Stage, work: Callable[[str], object]) -> float:
    stage.server.create_database("rebuilt")
    try:
        return timed(lambda: work(stage.server.url("rebuilt")))
    finally:
        stage.server.drop_database("rebuilt")
