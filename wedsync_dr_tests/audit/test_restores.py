"""Which decisions a restore stands on, and whether somebody else approved it."""

from typing import Any

from wedsync_dr.audit.restores import restores, undecided
from wedsync_dr.model import utc_text
from wedsync_dr.vault.ledger import LedgerEntry
from wedsync_dr_tests.audit.conftest import PERIOD, on

SCOPE = {"kind": "wedding", "id": "4"}


def by(subject: str) -> dict[str, Any]:
    return {"by": {"subject": subject, "token": "t"}}


def chain(*events: tuple[str, dict[str, Any]]) -> list[LedgerEntry]:
    return [LedgerEntry(n, utc_text(on(1, n)), event, body, "", "") for n, (event, body) in enumerate(events)]


def asked(request: str, subject: str = "ben") -> tuple[str, dict[str, Any]]:
    return "restore-requested", SCOPE | {"request": request} | by(subject)


def approved(request: str, subject: str) -> tuple[str, dict[str, Any]]:
    return "restore-approved", {"request": request} | by(subject)


def started(**more: str) -> tuple[str, dict[str, Any]]:
    return "restore-started", SCOPE | {"requested_by": "ben"} | more


def test_an_approval_finds_its_restore_by_the_request() -> None:
    (seen,) = restores(chain(asked("r1"), asked("r2"), approved("r2", "lea"), started(request="r2")))
    assert [one.body["request"] for one in seen.decisions] == ["r2", "r2"]
    assert seen.approved


def test_a_decision_on_another_request_goes_on_waiting() -> None:
    entries = chain(asked("r1"), asked("r2"), started(request="r2"), started(request="r1"))
    assert [[one.body["request"] for one in seen.decisions] for seen in restores(entries)] == [["r2"], ["r1"]]
    assert not undecided(entries, PERIOD)
    assert [one.sequence for one in undecided(entries[:3], PERIOD)] == [0]


def test_who_approves_what_they_asked_for_has_not_approved_it() -> None:
    (alone,) = restores(chain(asked("r1"), approved("r1", "ben"), started(request="r1")))
    assert not alone.approved
    (repeated,) = restores(chain(("restore-approved", SCOPE | {"requested_by": "ben"}), started()))
    assert not repeated.approved
    assert "nobody else approved it" in repeated.approvals


def test_a_restore_of_everything_stands_on_its_request() -> None:
    whole = {"kind": "schema", "id": "database", "requested_by": "ben", "request": "r1"}
    request = ("restore-requested", {"everything": True, "request": "r1"} | by("ben"))
    (seen,) = restores(chain(request, approved("r1", "lea"), ("restore-started", whole), ("restored", whole)))
    assert seen.approved
    assert seen.ended


def test_what_a_drill_restored_is_no_restore() -> None:
    drill = {"requested_by": "drill of dagster run 3f2a91c4-0000-4000-8000-00000000000a"}
    assert not restores(chain(("restore-started", SCOPE | drill), ("restored", SCOPE | drill)))


def test_a_restore_that_names_no_request_has_nobody_s_approval_and_leaves_it_to_the_one_that_does() -> None:
    without, named = restores(chain(asked("r1"), approved("r1", "lea"), started(), started(request="r1")))
    assert (without.approved, without.decisions) == (False, [])
    assert named.approved


def test_that_an_approval_was_used_belongs_to_the_restore_that_used_it_and_names_its_run() -> None:
    run = "3f2a91c4-0000-4000-8000-00000000000a"
    used = ("approval-used", {"request": "r1", "use": run} | by("ben"))
    entries = chain(asked("r1"), approved("r1", "lea"), started(request="r1"), used)
    (seen,) = restores(entries)
    assert seen.run == run
    assert seen.approvals.startswith("token:lea" if "token:" in seen.approvals else "lea")
    assert undecided(entries, PERIOD) == []
