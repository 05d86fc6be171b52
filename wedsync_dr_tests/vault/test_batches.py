"""What the ledger says of the last batches, and what that says of the next one."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.schedule.estimate import expected_span
from wedsync_dr.vault.batches import KEPT, SHOWN, Batches, BatchSeen, run_name

RUN = "7f0c"


def line(number: int) -> dict[str, str]:
    return {"kind": "wedding", "id": f"w{number}", "snapshot_id": f"s{number}"}


Event = tuple[str, dict[str, Any]]
BEGUN: Event = ("batch-started", {"batch": "b", "requested_by": run_name(RUN, "token:ops")})


def seen(*events: Event) -> Batches:
    batches = Batches()
    for event, body in events:
        batches.add(event, {"at": "T", **body})
    return batches


def test_a_batch_is_found_by_the_run_that_took_it_with_what_it_has_to_show() -> None:
    body = {"batch": "b", "taken_at": "T1", "stored": [line(1)], "current": [line(2)]}
    (one,) = seen(BEGUN, ("snapshots", body)).asked_by(RUN)
    assert (one.scopes, one.stored, one.ended) == (2, 1, None)
    assert one.snapshots == [(ScopeId(Kind.WEDDING, "w1"), "s1", True), (ScopeId(Kind.WEDDING, "w2"), "s2", False)]
    assert seen(BEGUN).asked_by("7f0") == []


def test_a_batch_ends_by_itself_or_is_given_up() -> None:
    (done,) = seen(BEGUN, ("batch-finished", {"batch": "b", "failed": 2, "seconds": 1.5})).newest_first()
    assert (done.ended, done.failed, done.seconds, done.abandoned) == ("T", 2, 1.5, False)
    (dead,) = seen(BEGUN, ("batch-abandoned", {"batch": "b", "missing": []})).newest_first()
    assert dead.abandoned


def test_of_many_batches_and_of_a_large_one_only_a_part_is_kept() -> None:
    begun: list[Event] = [("batch-started", {"batch": f"b{number}", "requested_by": "x"}) for number in range(KEPT + 5)]
    kept = list(seen(*begun).newest_first())
    assert (len(kept), kept[0].batch) == (KEPT, f"b{KEPT + 4}")
    large = {"batch": "b", "taken_at": "T1", "stored": [line(n) for n in range(500)], "current": [line(1)]}
    (one,) = seen(BEGUN, ("snapshots", large), ("snapshots", large)).newest_first()
    assert (len(one.snapshots), one.scopes) == (SHOWN, 1002)
    forgotten: Event = ("snapshots", {"batch": "b0", "taken_at": "T", "stored": [], "current": []})
    assert len(list(seen(*begun, forgotten).newest_first())) == KEPT


def past(scopes: int, seconds: float | None, *, full: bool = False) -> BatchSeen:
    return BatchSeen("b", "x", "T", scopes=scopes, seconds=seconds, full=full)


def test_an_estimate_is_the_median_of_what_was_like_it() -> None:
    before = [past(10, 1.0), past(12, 9.0), past(9, 2.0), past(5000, 60.0), past(10, 50.0, full=True), past(10, None)]
    assert expected_span(before, 10, full=False) == timedelta(seconds=2)
    assert expected_span(before, 10, full=True) == timedelta(seconds=50)


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_nothing_is_promised_from_what_was_of_another_size(scopes: int, before: int) -> None:
    like = before <= 3 * scopes and scopes <= 3 * before
    assert (expected_span([past(before, 1.0)], scopes, full=False) is not None) == like
