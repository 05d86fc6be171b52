"""Whatever stands in the ledger in whatever order: who approved what, and what was used."""

from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from wedsync_dr.approval import standing as events
from wedsync_dr.approval.request import Person, Request, from_body, to_body
from wedsync_dr.approval.standing import Standing, standings
from wedsync_dr.model import utc_text
from wedsync_dr_tests.approval.reference import outcome
from wedsync_dr_tests.approval.requests import ANNA, ASKED, BERT, CARA, HOURS, NOW, WHY, request

PEOPLE = [ANNA, BERT, CARA, Person("Anna", "t4"), Person("anna-2", "t1"), Person("dora")]
EVENTS = [*[events.APPROVED, events.USED] * 4, events.ALONE, events.REFUSED, events.WITHDRAWN]

people, minutes = st.sampled_from(PEOPLE), st.sampled_from([0, 9, 10, 119, 120, 300, 480, 481, 1440])


@st.composite
def entries(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    body = {"request": "r1", "by": asdict(draw(people)), "at": utc_text(NOW + timedelta(minutes=draw(minutes)))}
    body |= {"reason": draw(st.sampled_from(["short", WHY, "x" * 501])), "use": f"u{draw(st.integers(0, 99))}"}
    return draw(st.sampled_from(EVENTS)), body | {"plan": draw(st.sampled_from([*["p" * 64] * 5, "other"]))}


@st.composite
def requests(draw: st.DrawFn) -> Request:
    asked = replace(ASKED, approvals=draw(st.sampled_from([0, 1, 1, 1])), hours=draw(st.sampled_from([(), HOURS])))
    lasts = timedelta(minutes=draw(st.sampled_from([10, 600, 1440])))
    return request(asked=asked, requester=draw(people), emergency=draw(st.booleans()), expires=NOW + lasts)


def body_of(made: Request) -> tuple[str, dict[str, Any]]:
    return events.REQUESTED, to_body(made) | {"at": utc_text(made.at)}


@given(requests(), st.lists(entries(), max_size=8))
def test_a_request_stands_as_its_whole_history_says(made: Request, history: list[tuple[str, dict[str, Any]]]) -> None:
    (one,) = standings([body_of(made), *history]).values()
    wanted = outcome([body_of(made), *history])
    assert [person.subject for person in one.approvers] == wanted.approvers
    assert (one.alone.by.subject if one.alone else None) == wanted.alone
    assert one.use == wanted.use
    assert (bool(one.refused), one.withdrawn) == (wanted.ended == events.REFUSED, wanted.ended == events.WITHDRAWN)


@given(requests(), st.lists(entries(), max_size=8))
def test_nobody_approves_their_own(made: Request, history: list[tuple[str, dict[str, Any]]]) -> None:
    (one,) = standings([body_of(made), *history]).values()
    assert not any(person.is_same(made.requester) for person in one.approvers)


@given(requests(), st.lists(entries(), max_size=12))
def test_no_approval_is_used_twice(made: Request, history: list[tuple[str, dict[str, Any]]]) -> None:
    """Once it is used, no later entry changes by whom or with what."""
    used: Standing | None = None
    for length in range(len(history) + 1):
        (one,) = standings([body_of(made), *history[:length]]).values()
        if used:
            assert (one.use, one.approvers, one.alone) == (used.use, used.approvers, used.alone)
        used = used or (one if one.use else None)


@given(requests(), st.lists(entries(), max_size=8))
def test_no_approval_is_used_after_its_expiry_or_for_another_plan(
    made: Request, history: list[tuple[str, dict[str, Any]]]
) -> None:
    late = utc_text(made.expires)
    void = [
        (event, body | ({"at": max(body["at"], late)} if body["plan"] != "other" else {})) for event, body in history
    ]
    (one,) = standings([body_of(made), *void]).values()
    assert one.use is None


@given(st.integers(0, 600), st.sampled_from([(BERT,), (BERT, CARA)]))
def test_while_the_wedding_is_under_way_one_approval_is_not_used(minute: int, approvers: tuple[Person, ...]) -> None:
    history = [body_of(request())]
    history += [(events.APPROVED, {"request": "r1", "by": asdict(by), "at": utc_text(NOW)}) for by in approvers]
    at = utc_text(NOW + timedelta(minutes=minute))
    history += [(events.USED, {"request": "r1", "by": asdict(ANNA), "at": at, "use": "u", "plan": ASKED.plan})]
    (one,) = standings(history).values()
    assert bool(one.use) is (len(approvers) == 2 or not 120 <= minute <= 480)


@given(requests())
def test_the_ledger_brings_a_request_back_as_it_was(made: Request) -> None:
    assert from_body(to_body(made), made.at) == made


def test_an_entry_about_an_unknown_request_is_skipped() -> None:
    at = utc_text(NOW)
    assert standings([(events.APPROVED, {"request": "r9", "by": asdict(BERT), "at": at})]) == {}
    assert standings([(events.APPROVED, {"kind": "wedding", "at": at})]) == {}
