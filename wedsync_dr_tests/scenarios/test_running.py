"""Scenarios of a platform that runs: people work meanwhile, and drills prove points (docs/wedsync-interface.md)."""

from datetime import datetime, timedelta

import pytest

from wedsync_dr.access.roles import Role
from wedsync_dr.api.backup_id import backup_id
from wedsync_dr.api.limits import Rate
from wedsync_dr.approval.deciding import approve, ask
from wedsync_dr.approval.request import Person
from wedsync_dr.approval.use import asked_now, permit
from wedsync_dr.drill.run import Drill
from wedsync_dr.drill.scratch import scratch
from wedsync_dr.errors import ApprovalNeeded, ApprovalStale, NotTheOther
from wedsync_dr.model import Kind, Tier
from wedsync_dr.restore.run import Restored, carry_out
from wedsync_dr.settings import open_archive
from wedsync_dr.verification.comparison import compare_with_source
from wedsync_dr_tests import town
from wedsync_dr_tests.api.running import running
from wedsync_dr_tests.conftest import NOW
from wedsync_dr_tests.scenarios.conftest import Day


def test_28_guests_answer_while_a_batch_is_taken_and_it_shows_one_instant_and_later_answers_are_reported(
    day: Day,
) -> None:
    answer = (
        "UPDATE rsvps SET status = 'declined', answered_at = now() WHERE guest_id IN (SELECT id FROM guests WHERE $O)"
    )
    both = [day.wedding, *day.others(1)]
    where = " OR ".join(f"wedding_id = '{scope.id}'" for scope in both)
    batch = day.take(both)
    assert len({one.taken_at for one in batch.taken}) == len({one.lsn for one in batch.taken}) == 1
    day.sql(answer.replace("$O", where))
    soon = compare_with_source(day.source, day.archive, now=batch.taken[0].taken_at + timedelta(minutes=1))
    assert {one.scope for one in soon.moved if one.scope.kind is Kind.WEDDING} == set(both)
    assert not any(one.late for one in soon.moved if one.scope in both)
    later = compare_with_source(day.source, day.archive, now=batch.taken[0].taken_at + timedelta(minutes=6))
    assert day.wedding in {one.scope for one in later.moved if one.late}


def test_31_a_drill_times_what_it_restores_against_the_objective_and_says_whether_it_was_equal(day: Day) -> None:
    with scratch(None, day.settings.pg_bin) as aside:
        order = Drill(open_archive(day.settings), day.source, aside, NOW, "a scenario")
        report = order.run(seed=1, count=2)
    assert report.ok
    told = report.to_json()
    of_the_day = [one for one in told["results"] if one["tier"] == Tier.DAY_OF.value]
    assert of_the_day
    assert all(one["equal"] and one["seconds"] <= one["target_seconds"] for one in of_the_day)
    assert told["control_refused"] is True
    assert told["canary"]["equal"] is True


def test_24_during_the_wedding_s_own_hours_two_others_must_agree_before_anything_is_destroyed(day: Day) -> None:
    day.sql("UPDATE guests SET remark = 'toast' WHERE wedding_id = $W")
    before = day.look()
    plan = day.put_back(apply=False).plan
    asked = asked_now(day.source, day.archive, plan)
    ceremony = asked.hours[0].start + timedelta(minutes=1)
    operator, first, second = Person("olga"), Person("first"), Person("second")
    request = ask(day.archive, asked, request_id="r-24", by=operator, reason="the plan b of the ceremony",
                  expires=timedelta(minutes=10), emergency=True, now=ceremony).request  # fmt: skip

    def put_back(at: datetime) -> Restored:
        allowed = permit(day.archive, request.id, use_id="u-24", by=operator, clock=lambda: at)
        return carry_out(day.source, day.archive, plan, now=at, requested_by="olga", permit=allowed)

    with pytest.raises(NotTheOther):
        approve(day.archive, request.id, by=operator, now=ceremony)
    approve(day.archive, request.id, by=first, now=ceremony)
    with pytest.raises(ApprovalNeeded):
        put_back(ceremony)
    assert day.look() == before
    approve(day.archive, request.id, by=second, now=ceremony)
    assert put_back(ceremony + timedelta(minutes=5)).applied
    with pytest.raises(ApprovalStale, match="used already"):
        permit(day.archive, request.id, use_id="u-25", by=operator, clock=lambda: ceremony).claim(plan)


def test_30_each_call_that_may_not_be_is_refused_with_its_own_status_and_one_record(database: str) -> None:
    with running(database, rate=Rate(burst=6, per_second=0.001)) as api:
        operator, viewer = api.token(Role.OPERATOR, name="olga"), api.token(Role.VIEWER, name="victor")
        foreign = api.token(Role.OPERATOR, "2", name="other house")
        api.site.standing.refresh()
        backup = next(iter(api.archive.vault.snapshots(scope=town.wedding(1))))
        wanted = {"backupId": backup_id(backup.scope, backup.snapshot_id), "reason": "a scenario that must not pass"}
        path = "/api/recovery/restore"
        answers = [
            api.call("POST", path, json=wanted),
            api.call("POST", path, viewer, json=wanted),
            api.call("POST", path, foreign, json=wanted),
            api.call("POST", path, operator, json=wanted | {"backupId": wanted["backupId"].replace(":1:", ":77:")}),
            api.call("POST", path, operator, data="{", headers={"Content-Type": "application/json"}),
            api.call("POST", path, operator, json=wanted | {"restoreType": "SOME"}),
            *(api.get(path, viewer) for _ in range(9)),
        ]
        statuses = [answer.status_code for answer in answers]
        recorded = [one["status"] for one in api.recorded()]
    assert statuses[:6] == [401, 403, 404, 404, 400, 422]
    assert statuses[-1] == 429
    assert answers[-1].headers["Retry-After"]
    assert recorded[:6] == statuses[:6]
    assert all(answer.json()["remedy"] for answer in answers[:6])
