"""Restores that take two people, against a real database: what an approval is good for, and for how long."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from pathlib import Path

import pytest

from wedsync_dr.approval import deciding, use
from wedsync_dr.approval.asking import asked_of, digest_of
from wedsync_dr.approval.hours import hours_of
from wedsync_dr.approval.request import Hours, Person
from wedsync_dr.approval.standing import Phase, Standing
from wedsync_dr.errors import ApprovalNeeded, ApprovalStale, NotTheOther, RequestNotFound
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.plan import make_plan
from wedsync_dr.restore.resolve import resolve
from wedsync_dr.restore.run import Restored, carry_out
from wedsync_dr.restore.terms import Terms
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.opening import open_snapshot
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests import town
from wedsync_dr_tests.approval.requests import ANNA, BERT, CARA, WHY
from wedsync_dr_tests.town import NOW

DAY, SHORT = timedelta(hours=24), timedelta(minutes=10)
_IDS = count(1)


@dataclass
class Desk:
    """Where requests are made; its clock moves when it is told to."""

    source: Source
    archive: Archive
    now: datetime = NOW
    ids: Callable[[], str] = field(default_factory=lambda: lambda: f"r{next(_IDS)}")

    def ask(self, number: int, mode: Mode = Mode.replace, *, emergency: bool = False, hours: bool = False) -> Standing:
        point = resolve(self.archive, town.wedding(number))
        plan = make_plan(self.source, self.archive, point, Terms(mode))
        spans = (Hours(self.now + timedelta(hours=1), self.now + timedelta(hours=9)),) if hours else ()
        asked = asked_of(plan, self.archive.signer, spans)
        lasts = SHORT if emergency else DAY
        return deciding.ask(
            self.archive, asked, request_id=self.ids(), by=ANNA, reason="lost", expires=lasts, emergency=emergency,
            now=self.now,
        )  # fmt: skip

    def approve(self, one: Standing, by: Person = BERT) -> Standing:
        return deciding.approve(self.archive, one.request.id, by=by, now=self.now)

    def apply(self, one: Standing, by: Person = ANNA) -> Restored:
        plan = use.plan_again(self.source, self.archive, one.request.asked)
        permit = use.permit(self.archive, one.request.id, use_id=self.ids(), by=by, clock=lambda: self.now)
        return carry_out(self.source, self.archive, plan, now=self.now, requested_by="test", permit=permit)

    def phase(self, one: Standing) -> Phase:
        return deciding.find(self.archive, one.request.id).phase(self.now)


@pytest.fixture
def desk(protected: tuple[Source, Archive]) -> Desk:
    return Desk(*protected)


def lose(desk: Desk, wedding: int) -> None:
    town.run(desk.source, f"UPDATE guests SET name = 'wrong' WHERE wedding_id = {wedding}")


def guests(desk: Desk, wedding: int) -> list[tuple[object, ...]]:
    return town.rows(desk.source, f"SELECT * FROM guests WHERE wedding_id = {wedding} ORDER BY id")


def test_a_replace_waits_for_another_person_and_then_runs_once(desk: Desk) -> None:
    before = guests(desk, 1)
    lose(desk, 1)
    one = desk.ask(1)
    assert one.request.asked.preview.updated == len(before)
    with pytest.raises(ApprovalNeeded, match="lacks 1"):
        desk.apply(one)
    desk.approve(one)
    with pytest.raises(NotTheOther, match="whoever asked"):
        desk.apply(one, BERT)
    assert desk.apply(one).applied
    assert guests(desk, 1) == before
    assert desk.phase(one) is Phase.RESTORED
    with pytest.raises(ApprovalStale, match="used already"):
        desk.apply(one)


def test_nobody_approves_what_they_asked_for(desk: Desk) -> None:
    one = desk.ask(2)
    for same in (ANNA, Person("ANNA ", "other"), Person("token:anna", "other"), Person("anna-at-home", ANNA.token)):
        with pytest.raises(NotTheOther):
            desk.approve(one, same)


def test_an_approval_is_void_where_the_plan_would_change_other_rows(desk: Desk) -> None:
    lose(desk, 3)
    one = desk.ask(3)
    desk.approve(one)
    town.run(desk.source, "INSERT INTO guests (id, wedding_id, name) VALUES (8883, 3, 'Later')")
    before = town.state(desk.source)
    with pytest.raises(ApprovalStale, match="rows moved"):
        desk.apply(one)
    assert town.state(desk.source) == before
    assert desk.phase(one) is Phase.APPROVED


def test_rows_that_the_plan_leaves_alone_may_move_meanwhile(desk: Desk) -> None:
    town.run(desk.source, "DELETE FROM rsvps WHERE guest_id = 411")
    one = desk.ask(4, Mode.merge)
    town.run(desk.source, "UPDATE tasks SET title = 'busy' WHERE wedding_id = 4")
    assert desk.phase(one) is Phase.APPROVED, "a merge that only inserts needs nobody"
    assert desk.apply(one).plan.rows == {"inserted": 1, "updated": 0, "deleted": 0}


def test_a_request_expires(desk: Desk) -> None:
    one = desk.ask(5)
    desk.approve(one)
    desk.now += DAY
    assert desk.phase(one) is Phase.EXPIRED
    for act in (lambda: desk.apply(one), lambda: desk.approve(one, CARA)):
        with pytest.raises(ApprovalStale, match="expired"):
            act()


def test_during_the_weddings_own_hours_two_others_approve(desk: Desk) -> None:
    lose(desk, 5)
    one = desk.ask(5, hours=True)
    desk.approve(one)
    assert desk.phase(one) is Phase.APPROVED
    desk.now += timedelta(hours=2)
    with pytest.raises(ApprovalNeeded, match="under way"):
        desk.apply(one)
    desk.approve(one, CARA)
    assert desk.apply(one).applied


def test_one_responder_goes_alone_in_an_emergency_with_a_reason(desk: Desk) -> None:
    lose(desk, 6)
    one, calm = desk.ask(6, emergency=True, hours=True), desk.ask(6)
    archive, now = desk.archive, desk.now
    with pytest.raises(ApprovalNeeded, match="emergency"):
        deciding.go_alone(archive, calm.request.id, by=ANNA, reason=WHY, now=now)
    with pytest.raises(ApprovalNeeded, match="reason"):
        deciding.go_alone(archive, one.request.id, by=ANNA, reason="quick", now=now)
    deciding.go_alone(archive, one.request.id, by=ANNA, reason=WHY, now=now)
    assert desk.apply(one).applied
    with pytest.raises(NotTheOther):
        deciding.acknowledge(archive, one.request.id, by=ANNA, now=now)
    alone = deciding.acknowledge(archive, one.request.id, by=BERT, now=now).alone
    assert alone and alone.seen_by == BERT


def test_a_confirmation_is_its_persons_and_counts_ten_minutes_and_once(desk: Desk) -> None:
    one, archive = desk.ask(2, emergency=True), desk.archive
    deciding.confirmation(archive, one.request.id, by=ANNA, token="t0", now=desk.now)
    assert "t0" not in str(list(archive.ledger.entries())[-1].body)
    for by, token, later in ((BERT, "t0", 0), (ANNA, "guess", 0), (ANNA, "t0", 10)):
        at = desk.now + timedelta(minutes=later)
        with pytest.raises((NotTheOther, ApprovalStale)):
            deciding.go_alone(archive, one.request.id, by=by, reason=WHY, now=at, token=token)
    deciding.go_alone(archive, one.request.id, by=ANNA, reason=WHY, now=desk.now, token="t0")
    with pytest.raises(ApprovalStale, match="already"):
        deciding.go_alone(archive, one.request.id, by=ANNA, reason=WHY, now=desk.now, token="t0")


def test_of_two_uses_at_once_the_ledgers_order_decides(desk: Desk, home: Path) -> None:
    """Both have seen the approval unused when they write."""
    one = desk.approve(desk.ask(2))
    digest, request_id = one.request.asked.plan, one.request.id
    other = town.reopened(home)
    assert deciding.find(other, request_id).phase(desk.now) is Phase.APPROVED
    body = {"request": request_id, "use": "faster", "by": vars(ANNA), "plan": digest}
    desk.archive.ledger.append("approval-used", body, desk.now)
    desk.archive.ledger.append("approval-used", body | {"use": "slower"}, desk.now)
    assert deciding.find(other, request_id).use == "faster"
    with pytest.raises(ApprovalStale, match="used already"):
        use.claim(other, request_id, digest, "third", ANNA, desk.now)


def test_of_many_who_use_an_approval_at_once_one_does(desk: Desk, home: Path) -> None:
    one = desk.approve(desk.ask(2))
    archives = [town.reopened(home) for _ in range(6)]

    def try_it(number: int) -> bool:
        try:
            use.claim(archives[number], one.request.id, one.request.asked.plan, f"use {number}", ANNA, desk.now)
        except ApprovalStale:
            return False
        return True

    with ThreadPoolExecutor(6) as at_once:
        assert sum(at_once.map(try_it, range(6))) == 1


def test_a_refused_and_a_withdrawn_request_are_over(desk: Desk) -> None:
    archive, now = desk.archive, desk.now
    one, another = desk.ask(2), desk.ask(2)
    deciding.refuse(archive, one.request.id, by=BERT, reason="the wrong couple", now=now)
    with pytest.raises(NotTheOther):
        deciding.withdraw(archive, another.request.id, by=BERT, now=now)
    deciding.withdraw(archive, another.request.id, by=ANNA, now=now)
    for over, word in ((one, "refused"), (another, "withdrawn")):
        with pytest.raises(ApprovalStale, match=word):
            desk.approve(over)
    with pytest.raises(RequestNotFound):
        deciding.approve(archive, "r-none", by=BERT, now=now)


def test_the_digest_names_no_row_to_those_without_the_keyring(desk: Desk, tmp_path: Path) -> None:
    point = resolve(desk.archive, town.wedding(2))
    plan = make_plan(desk.source, desk.archive, point, Terms(Mode.replace))
    stranger = replace(desk.archive, signer=town.new_archive(tmp_path).signer)
    assert digest_of(plan, desk.archive.signer) == digest_of(plan, desk.archive.signer)
    assert digest_of(plan, desk.archive.signer) != digest_of(plan, stranger.signer)


def test_the_hours_of_a_wedding_that_is_gone_are_those_of_its_snapshot(protected: tuple[Source, Archive]) -> None:
    """The source's and the snapshot's rows name their columns' types in the same way."""
    source, archive = protected
    wedding = town.wedding(6)
    snapshot = open_snapshot(archive, resolve(archive, wedding).manifest)
    before = hours_of(source, snapshot, wedding)
    day = town.NOW.date() + timedelta(days=48)
    assert before == (Hours(at_noon(day), at_noon(day) + timedelta(hours=5)),)
    town.run(source, "UPDATE timeline_events SET duration = '1 hour' WHERE wedding_id = 6")
    assert hours_of(source, snapshot, wedding) == (Hours(at_noon(day), at_noon(day) + timedelta(hours=1)),)
    town.run(source, "DELETE FROM weddings WHERE id = 6")
    assert hours_of(source, snapshot, wedding) == before


def at_noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)
