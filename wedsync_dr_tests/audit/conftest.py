"""A month in the life of the town, through real calls with moved clocks; read by many tests, and changed by none."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from wedsync_dr.alerts.places import Places
from wedsync_dr.approval.deciding import approve, ask
from wedsync_dr.approval.request import Asked, Person, Preview
from wedsync_dr.audit.gather import gather
from wedsync_dr.audit.material import DagsterSide, Material
from wedsync_dr.audit.period import Period
from wedsync_dr.demo.accident import flip_bit
from wedsync_dr.drill.run import Drill
from wedsync_dr.drill.scratch import Scratch
from wedsync_dr.embedded.server import Server
from wedsync_dr.model import Instant, Manifest
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.permit import Permit
from wedsync_dr.restore.plan import RestorePlan
from wedsync_dr.restore.run import carry_out, restore
from wedsync_dr.schedule.policy import DEFAULT
from wedsync_dr.schedule.retention import plan_retention
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.inventory import held_snapshots
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.holds import hold, release
from wedsync_dr.verification.record import verify_on_record
from wedsync_dr.verification.removal import apply_retention
from wedsync_dr_tests import town
from wedsync_dr_tests.fixtures import tmp_path

__all__ = ["tmp_path"]

REAL = datetime.now(UTC)  # noqa: TID251  the source's clock is the real one; the month begins tomorrow
FIRST = (REAL + timedelta(days=1)).date()
PERIOD = Period(FIRST, FIRST + timedelta(days=29))
MADE = PERIOD.end + timedelta(hours=4)
RUN = "dagster run 3f2a91c4-0000-4000-8000-00000000000a"
TOKEN, ANNA = "wst_f3a9 not for anybody", "anna (command line)"
_DAY_OF = f"'{FIRST + timedelta(days=6)}'"
DATES = f"UPDATE weddings SET wedding_date = CASE id WHEN 3 THEN {_DAY_OF} ELSE current_date + id * 12 END"
CHANGE = "UPDATE documents SET body = body || 'y'"
_SILENT, _DAMAGED = 10, 6  # days


def on(day: int, hour: int = 0, minute: int = 0) -> datetime:
    """An instant on a day of the period, counted from 0."""
    return PERIOD.begin + timedelta(days=day, hours=hour, minutes=minute)


@dataclass(frozen=True)
class Month:
    """The town, its vault after the month, and where both are."""

    source: Source
    archive: Archive
    home: Path

    def gather(self, period: Period = PERIOD, *, dagster: DagsterSide | None = None, now: datetime = MADE) -> Material:
        return gather(self.places(), DEFAULT, period, now=now, made_by=ANNA, dagster=dagster)

    def places(self) -> Places:
        return Places(lambda: self.source, lambda: self.archive)

    def copy(self, home: Path) -> "Month":
        """A month of its own for a test that writes to the vault."""
        for part in ("vault", "keyring"):
            shutil.copytree(self.home / part, home / part)
        return replace(self, archive=town.reopened(home), home=home)


@pytest.fixture(scope="session")
def month(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Month]:
    home, scratch = tmp_path_factory.mktemp("month"), Scratch(server.url())
    server.create_database("audit_month")
    month = Month(town.build(server.url("audit_month")), town.new_archive(home), home)
    town.run(month.source, DATES)
    try:
        _live(month, scratch)
        yield month
    finally:
        scratch.close()
        server.drop_database("audit_month")


@pytest.fixture(scope="session")
def material(month: Month) -> Material:
    return month.gather()


def _live(month: Month, scratch: Scratch) -> None:
    town.take_all(month.source, month.archive)
    town.run(month.source, CHANGE)
    town.take_all(month.source, month.archive)
    for day in range(30):
        _night(month, day)
        if day in _DEEDS:
            _DEEDS[day](month, scratch)


def _night(month: Month, day: int) -> None:
    """Everything is found to be as it was; on one day nothing runs at all."""
    if day == _SILENT:
        return
    newest: list[Manifest] = [
        one for scope in month.archive.ledger.known().newest if (one := month.archive.newest(scope))
    ]
    batch, at = f"{on(day, 2):%Y%m%dT%H%M%S}.000000Z-00000000", on(day, 2)
    month.archive.ledger.append("batch-started", {"batch": batch, "requested_by": RUN}, at)
    with ThreadPoolExecutor(1) as puts:
        month.archive.commit(batch, [], newest, Instant(at, "0/0"), puts)
    failed = 2 if day == 4 else 0
    month.archive.ledger.append("batch-finished", {"batch": batch, "failed": failed}, at + timedelta(minutes=1))


def _damage(month: Month, scratch: Scratch) -> None:
    """A flipped bit in the newest snapshot of the wedding of the day: a drill and a verification meet it."""
    scope = town.wedding(3)
    newest = month.archive.ledger.known().newest[scope]
    place = month.home / "vault" / "snapshots" / "wedding" / scope.id / newest / "personal-0.parquet"
    whole = place.read_bytes()
    flip_bit(place)
    _drill(month, scratch, _DAMAGED, count=1)
    verify_on_record(month.archive, now=on(_DAMAGED, 4), requested_by=RUN)
    place.write_bytes(whole)


def _mended(month: Month, scratch: Scratch) -> None:
    _drill(month, scratch, _DAMAGED + 1, count=3)
    verify_on_record(month.archive, now=on(_DAMAGED + 1, 4), requested_by=RUN)


def _drill(month: Month, scratch: Scratch, day: int, count: int) -> None:
    Drill(month.archive, month.source, scratch, on(day, 3), RUN).run(seed=1, count=count)


def _hold(month: Month, _scratch: Scratch) -> None:
    hold(month.archive, town.wedding(2), reason="=1+1", until=None, by=ANNA, now=on(11, 9))
    hold(month.archive, town.wedding(5), reason="case 7", until=None, by=ANNA, now=on(11, 10))
    release(month.archive, town.wedding(5), reason="a mistake", by=ANNA, now=on(11, 11))


def _retain(month: Month, _scratch: Scratch) -> None:
    plan = plan_retention(held_snapshots(month.source, month.archive, DEFAULT, on(14)), DEFAULT, on(14))
    apply_retention(month.source, month.archive, plan, now=on(14, 5), by=RUN)


def _restores(month: Month, _scratch: Scratch) -> None:
    """One that was asked for and approved, one at the command line."""
    asked = Asked(town.wedding(4), "merge", "s", "0" * 64, Preview(1, 0, ()), approvals=1)
    ask(month.archive, asked, request_id="r1", by=Person("ben", "t1"), reason="rsvps", expires=timedelta(days=1),
        now=on(15, 9))  # fmt: skip
    approve(month.archive, "r1", by=Person("lea", "t2"), now=on(15, 9, 5))
    for number, by, permit in ((4, RUN, Permit[RestorePlan]("r1", lambda _plan: None)), (1, ANNA, None)):
        town.run(
            month.source, f"DELETE FROM rsvps WHERE guest_id IN (SELECT id FROM guests WHERE wedding_id = {number})"
        )
        at, scope = on(15, 9 + number), town.wedding(number)
        plan = restore(month.source, month.archive, scope, mode=Mode.merge, now=at, requested_by=by).plan
        carry_out(month.source, month.archive, plan, now=at, requested_by=by, permit=permit)


def _unknown(month: Month, _scratch: Scratch) -> None:
    """What other versions write."""
    ledger = month.archive.ledger
    for minute in range(6):
        ledger.append(
            "api-call",
            {"subject": "platform", "method": "GET", "path": "/api/backup/status", "status": 403},
            on(16, 8, minute),
        )
    ledger.append(
        "token-created", {"by": {"subject": ANNA}, "hash": TOKEN, "name": town.SECRET_NAME, "role": "viewer"}, on(16, 9)
    )
    ledger.append("restore-refused", {"request": "r9", "by": {"subject": "lea"}, "reason": "no"}, on(16, 10))


_DEEDS = {_DAMAGED: _damage, _DAMAGED + 1: _mended, 11: _hold, 14: _retain, 15: _restores, 16: _unknown}
