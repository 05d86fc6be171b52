"""Nothing new is swallowed, nothing is told twice too soon, and what is over is told to be over, once."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from wedsync_dr.alerts.alert import Alert, AlertCode, Judgement, Severity
from wedsync_dr.alerts.message import News, Notice
from wedsync_dr.alerts.telling import MANY, MORE_EVERY, REMINDED_AFTER, SETTLED, Memory, tell
from wedsync_dr_tests.town import NOW

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LATE = Alert(AlertCode.OBJECTIVE_MISSED, Severity.ERROR, "Late.", "Look.", "day_of", ("wedding/1",))
FULL = Alert(AlertCode.VAULT_SPACE, Severity.WARNING, "Full.", "Make room.")


class Person:
    """Somebody who is told, at instants one after the other."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.now = NOW

    def after(self, span: timedelta, *alerts: Alert, unknown: Sequence[AlertCode] = ()) -> list[Notice]:
        self.now += span
        message, self.memory = tell(self.memory, Judgement(alerts, frozenset(unknown)), self.now)
        return list(message.notices) if message else []


def news(notices: list[Notice]) -> list[News]:
    return [notice.news for notice in notices]


def late(*numbers: int) -> Alert:
    return replace(LATE, subjects=tuple(f"wedding/{number}" for number in numbers))


def test_what_is_new_is_told_at_once_and_together() -> None:
    told = Person().after(MINUTE, LATE, FULL)
    assert news(told) == [News.NEW, News.NEW]
    assert told[0].subjects == ("wedding/1",)


def test_what_goes_on_is_repeated_after_ever_longer_whiles() -> None:
    person = Person()
    person.after(MINUTE, LATE)
    told = [minute for minute in range(1, 60 * 60) if person.after(MINUTE, LATE)]
    assert told == [60, 60 * 7, 60 * 31, 60 * 55]


def test_a_wedding_that_joins_is_told_within_minutes_and_alone() -> None:
    person = Person()
    person.after(MINUTE, late(1))
    assert person.after(MINUTE, late(1, 2)) == []
    assert person.after(MINUTE, late(1, 3)) == []
    (notice,) = person.after(MORE_EVERY, late(1, 3))
    assert (notice.news, notice.subjects) == (News.MORE, ("wedding/2", "wedding/3"))


def test_what_is_over_is_told_once_and_only_when_it_stays_away() -> None:
    person = Person()
    person.after(MINUTE, LATE)
    assert person.after(MINUTE) == []
    assert person.after(SETTLED - MINUTE) == []
    assert news(person.after(MINUTE)) == [News.OVER]
    assert person.after(HOUR) == []


def test_a_wedding_that_joined_just_before_it_was_over_is_named_then() -> None:
    person = Person()
    person.after(MINUTE, late(1))
    assert person.after(MINUTE, late(1, 2)) == []
    person.after(MINUTE)
    (notice,) = person.after(SETTLED)
    assert (notice.news, notice.subjects) == (News.OVER, ("wedding/1", "wedding/2"))


def test_what_comes_back_at_once_is_neither_over_nor_new() -> None:
    person = Person()
    person.after(MINUTE, LATE)
    for _ in range(8):
        assert person.after(MINUTE * 3) == []
        assert person.after(MINUTE * 3, LATE) == []


def test_a_wedding_that_was_away_for_long_is_told_again() -> None:
    person = Person()
    person.after(MINUTE, late(1, 2))
    for _ in range(12):
        person.after(MINUTE, late(1))
    (notice,) = person.after(MINUTE, late(1, 2))
    assert (notice.news, notice.subjects) == (News.MORE, ("wedding/2",))


def test_what_cannot_be_read_is_not_over() -> None:
    person = Person()
    person.after(MINUTE, LATE)
    for _ in range(30):
        assert person.after(MINUTE, unknown=[AlertCode.OBJECTIVE_MISSED]) == []
    assert person.after(MINUTE) == []
    assert news(person.after(SETTLED)) == [News.OVER]


def test_a_warning_that_becomes_an_error_is_told_at_once() -> None:
    person = Person()
    person.after(MINUTE, FULL)
    (notice,) = person.after(MINUTE, replace(FULL, severity=Severity.ERROR))
    assert (notice.news, notice.severity) == (News.NEW, Severity.ERROR)


def test_what_may_last_a_while_is_told_only_when_it_does() -> None:
    young = replace(late(1), patience=5 * MINUTE)
    person = Person()
    assert person.after(MINUTE, young) == []
    assert person.after(4 * MINUTE, replace(young, subjects=("wedding/1", "wedding/2"))) == []
    (notice,) = person.after(MINUTE, replace(young, subjects=("wedding/1", "wedding/2")))
    assert notice.subjects == ("wedding/1",)
    assert person.after(MINUTE, unknown=[young.code]) == []
    assert person.after(MINUTE) == []


def test_of_very_many_only_the_number_is_remembered_and_a_tenth_more_is_told() -> None:
    person = Person()
    (notice,) = person.after(MINUTE, late(*range(MANY * 2)))
    assert (len(notice.subjects), notice.count) == (10, MANY * 2)
    assert person.after(MORE_EVERY, late(*range(MANY * 2 + 50))) == []
    (notice,) = person.after(MORE_EVERY, late(*range(MANY * 2 + 300)))
    assert (notice.news, notice.count) == (News.MORE, 300)
    assert all(not told.alert.subjects for told in person.memory.told.values())
    assert person.after(MINUTE, late(1, 2)) == []
    person.after(MORE_EVERY, late(1, 2, 3))
    assert person.memory.told[LATE.key].joined or person.memory.told[LATE.key].alert.subjects[-1] == "wedding/3"


# each tick: minutes since the last one, and which of five weddings are late (none: the alert is not there)
TICKS = st.lists(
    st.tuples(st.integers(1, 40), st.sets(st.integers(0, 4))),
    min_size=1,
    max_size=60,
)


def history(ticks: list[tuple[int, set[int]]]) -> Iterator[tuple[datetime, set[str], list[Notice]]]:
    person = Person()
    for minutes, numbers in [*ticks, (1, set()), (10, set()), (10, set())]:
        alerts = [late(*sorted(numbers))] if numbers else []
        told = person.after(minutes * MINUTE, *alerts)
        yield person.now, {f"wedding/{number}" for number in numbers}, told
    assert person.memory == Memory()


@given(TICKS)
def test_whatever_was_late_at_any_instant_was_told(ticks: list[tuple[int, set[int]]]) -> None:
    seen: set[str] = set()
    told: set[str] = set()
    for _, late_now, notices in history(ticks):
        seen |= late_now
        told |= {one for notice in notices for one in notice.subjects}
        assert told <= seen
    assert told == seen


@given(TICKS)
def test_what_stays_is_told_within_minutes(ticks: list[tuple[int, set[int]]]) -> None:
    since: dict[str, datetime] = {}
    told: set[str] = set()
    for now, late_now, notices in history(ticks):
        for notice in notices:
            told = set() if notice.news is News.OVER else told | set(notice.subjects)
        since = {one: since.get(one, now) for one in late_now}
        assert {one for one, at in since.items() if now - at >= MORE_EVERY} <= told


@given(TICKS)
def test_a_wedding_that_was_told_does_not_join_again_unless_it_was_away(ticks: list[tuple[int, set[int]]]) -> None:
    told: set[str] = set()
    last_here: dict[str, datetime] = {}
    for now, late_now, notices in history(ticks):
        told -= {one for one, at in last_here.items() if now - at >= SETTLED}
        last_here |= dict.fromkeys(late_now, now)
        for notice in notices:
            assert notice.news is not News.MORE or not told & set(notice.subjects)
            told = set() if notice.news is News.OVER else told | set(notice.subjects)


@given(TICKS)
def test_a_trouble_is_not_repeated_within_the_hour(ticks: list[tuple[int, set[int]]]) -> None:
    last: datetime | None = None
    for now, _, notices in history(ticks):
        for notice in notices:
            if notice.news is News.STILL:
                assert last and now - last >= REMINDED_AFTER[0]
            last = now if notice.news in (News.NEW, News.STILL) else last


@given(TICKS)
def test_new_and_over_take_turns(ticks: list[tuple[int, set[int]]]) -> None:
    turns = [
        notice.news for _, _, notices in history(ticks) for notice in notices if notice.news in (News.NEW, News.OVER)
    ]
    assert turns == [News.NEW, News.OVER] * (len(turns) // 2)
