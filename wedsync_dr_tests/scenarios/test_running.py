"""Scenarios of a platform that runs: people work meanwhile, and drills prove points (docs/wedsync-interface.md)."""

from datetime import timedelta

from wedsync_dr.drill.run import Drill
from wedsync_dr.drill.scratch import scratch
from wedsync_dr.model import Kind, Tier
from wedsync_dr.settings import open_archive
from wedsync_dr.verification.comparison import compare_with_source
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
    assert not any(one.late for one in soon.moved)
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
