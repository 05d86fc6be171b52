"""What the ledger says of a snapshot: what must be there, what was given up, what must not come back."""

from datetime import date
from typing import Any

import pytest

from wedsync_dr.model import Horizon, Kind, ScopeId
from wedsync_dr.vault.ledger_state import LedgerState

SCOPE, OTHER = ScopeId(Kind.WEDDING, "1"), ScopeId(Kind.VENDOR, "2")
Event = tuple[str, dict[str, Any]]

started: Event = ("batch-started", {"batch": "b", "requested_by": "somebody"})
finished: Event = ("batch-finished", {"batch": "b", "failed": 0})


def line(scope: ScopeId) -> dict[str, str]:
    return {"kind": scope.kind.value, "id": scope.id, "snapshot_id": "s"}


def snapshots(*scopes: ScopeId, at: str = "T1", current: tuple[ScopeId, ...] = ()) -> Event:
    stored = [line(scope) | {"manifest": f"digest of {scope}"} for scope in scopes]
    body = {"batch": "b", "taken_at": at, "stored": stored, "current": [line(scope) for scope in current]}
    return "snapshots", body


def seen(snapshot_id: str, xmin: int, *, batch: str = "b", new: bool = True) -> Event:
    """A batch found a snapshot of SCOPE current, having stored it or not, with everything before `xmin` settled."""
    one = {"kind": SCOPE.kind.value, "id": SCOPE.id, "snapshot_id": snapshot_id}
    stored = [one | {"manifest": "digest"}] if new else []
    horizon = {"server": "a", "shape": "b", "xmin": xmin}
    body = {"batch": batch, "taken_at": "T", "stored": stored, "current": [] if new else [one], "horizon": horizon}
    return "snapshots", body


def abandoned(*missing: ScopeId) -> Event:
    return "batch-abandoned", {"batch": "b", "missing": [line(scope) for scope in missing]}


def removed(*scopes: ScopeId) -> Event:
    return "removed", {"snapshots": [line(scope) for scope in scopes]}


def state_of(*events: Event) -> LedgerState:
    state = LedgerState()
    for event in events:
        state.add(*event)
    return state


def expected(state: LedgerState) -> set[ScopeId]:
    return {scope for (scope, _), named in state.snapshots.items() if state.expected(named)}


@pytest.mark.parametrize(
    ("events", "must_be_there"),
    [
        ([started, snapshots(SCOPE, OTHER)], set()),
        ([started, snapshots(SCOPE), snapshots(OTHER), finished], {SCOPE, OTHER}),
        ([started, snapshots(SCOPE, OTHER), abandoned(OTHER)], {SCOPE}),
        ([started, snapshots(SCOPE, OTHER), abandoned()], {SCOPE, OTHER}),
        ([started, abandoned(), snapshots(SCOPE)], set()),
        ([started, snapshots(SCOPE, OTHER), finished, removed(SCOPE)], {OTHER}),
        ([removed(SCOPE), abandoned(OTHER)], set()),
        ([("restored", {"anything": 1}), ("an-event-of-a-later-version", {})], set()),
    ],
)
def test_a_snapshot_must_be_there_once_its_batch_is_over(events: list[Event], must_be_there: set[ScopeId]) -> None:
    assert expected(state_of(*events)) == must_be_there


def test_a_batch_is_open_until_it_is_finished_or_abandoned() -> None:
    assert state_of(started).open_batches == {"b"}
    assert state_of(started, finished).open_batches == set()
    assert state_of(started, abandoned()).open_batches == set()


def test_only_the_named_manifest_of_a_living_snapshot_is_believed() -> None:
    state = state_of(started, snapshots(SCOPE, OTHER), abandoned(OTHER))
    assert state.believes(SCOPE, "s", f"digest of {SCOPE}")
    assert not state.believes(SCOPE, "s", "another digest")
    assert not state.believes(SCOPE, "another", f"digest of {SCOPE}")
    assert not state.believes(OTHER, "s", f"digest of {OTHER}")
    state.add(*removed(SCOPE))
    assert not state.believes(SCOPE, "s", f"digest of {SCOPE}")


def test_a_scope_is_current_as_of_the_last_batch_that_saw_it() -> None:
    state = state_of(started, snapshots(SCOPE, OTHER), snapshots(at="T2", current=(SCOPE,)))
    assert state.current == {SCOPE: "T2", OTHER: "T1"}


def safety(*scopes: ScopeId, at: str) -> list[Event]:
    body = {"batch": "s", "taken_at": at, "stored": [line(s) | {"manifest": "m"} for s in scopes], "current": []}
    return [
        ("batch-started", {"batch": "s", "purpose": "safety"}),
        ("snapshots", body),
        ("batch-finished", {"batch": "s"}),
    ]


def test_a_safety_snapshot_makes_nothing_current() -> None:
    state = state_of(started, snapshots(SCOPE), finished, *safety(SCOPE, OTHER, at="T2"))
    assert (state.current, state.newest) == ({SCOPE: "T1"}, {SCOPE: "s"})


@pytest.mark.parametrize("loss", [abandoned(SCOPE), removed(SCOPE)])
def test_a_scope_whose_newest_recovery_point_is_gone_is_not_known_to_be_current(loss: Event) -> None:
    state = state_of(started, snapshots(SCOPE, OTHER), loss)
    assert (state.current, state.newest) == ({OTHER: "T1"}, {OTHER: "s"})


@pytest.mark.parametrize("event", ["restore-started", "restored"])
def test_a_scope_that_a_restore_wrote_to_is_rewritten_until_the_next_batch_sees_it(event: str) -> None:
    state = state_of(started, snapshots(SCOPE), finished, (event, line(SCOPE)))
    assert state.rewritten == {SCOPE}
    assert state_of(*safety(SCOPE, at="T2"), (event, line(SCOPE)), *safety(SCOPE, at="T3")).rewritten == {SCOPE}
    state.add(*snapshots(at="T2", current=(SCOPE,)))
    assert state.rewritten == set()


def held(until: str | None = None) -> Event:
    return "held", {"kind": "wedding", "id": "1", "reason": "lawsuit", "by": "somebody", "until": until}


def test_a_hold_lasts_until_it_is_released_or_its_last_day_is_over() -> None:
    last, after = date(2027, 6, 30), date(2027, 7, 1)
    state = state_of(held())
    assert state.is_held(SCOPE, after) and not state.is_held(OTHER, after)
    state = state_of(held("2027-06-30"))
    assert state.is_held(SCOPE, last) and not state.is_held(SCOPE, after)
    state.add("released", {"kind": "wedding", "id": "1", "reason": "settled", "by": "somebody"})
    assert not state.is_held(SCOPE, last)


@pytest.mark.parametrize(
    ("events", "gone"),
    [
        ([held(), removed(SCOPE, OTHER)], {OTHER}),
        ([removed(SCOPE), held()], {SCOPE}),
        ([held("2027-06-30"), ("removed", removed(SCOPE)[1] | {"on": "2027-06-30"})], set()),
        ([held("2027-06-30"), ("removed", removed(SCOPE)[1] | {"on": "2027-07-01"})], {SCOPE}),
    ],
)
def test_a_removal_that_is_named_while_a_hold_binds_is_void(events: list[Event], gone: set[ScopeId]) -> None:
    state = state_of(started, snapshots(SCOPE, OTHER), finished, *events)
    assert {scope for (scope, _), named in state.snapshots.items() if named.removed} == gone
    assert state.newest.keys() == {SCOPE, OTHER} - gone


def test_a_restore_goes_on_from_its_start_to_its_end() -> None:
    state = LedgerState()
    state.add("restore-started", line(SCOPE), "T1")
    assert state.restoring == {SCOPE: "T1"}
    state.add("restored", line(SCOPE), "T2")
    assert state.restoring == {}


def test_what_an_abandoned_batch_still_says_makes_nothing_current() -> None:
    assert state_of(started, abandoned(), snapshots(SCOPE, current=(OTHER,))).current == {}


safety_begins: Event = ("batch-started", {"batch": "s", "requested_by": "somebody", "purpose": "safety"})


@pytest.mark.parametrize(
    ("later", "held_by", "xmin"),
    [
        ([], "first", 10),
        ([seen("first", 20, new=False)], "first", 20),
        ([safety_begins, seen("first", 20, batch="s", new=False)], "first", 20),
        ([safety_begins, seen("second", 20, batch="s")], "first", 10),
        ([safety_begins, seen("second", 20, batch="s"), seen("second", 30, new=False)], "second", 30),
    ],
)
def test_a_horizon_is_that_of_the_newest_recovery_point(later: list[Event], held_by: str, xmin: int) -> None:
    state = state_of(started, seen("first", 10), *later)
    assert state.horizons == {SCOPE: (held_by, Horizon("a", "b", xmin))}


def test_a_batch_without_a_horizon_leaves_none_behind() -> None:
    assert state_of(started, seen("first", 10), snapshots(SCOPE)).horizons == {}
