"""Two people at two desks: one asks, the other approves, and what is done is what was shown."""

from pathlib import Path

import pytest

from wedsync_dr_tests.cli.conftest import ZOE, Desk

WHY = ("--reason", "guests imported twice")
REPLACE = ("restore", "--wedding", ZOE, "--mode", "replace")


def ask(desk: Desk, *more: str) -> str:
    asked = desk.json(*REPLACE, "--request", *WHY, "--as", "anna", *more)
    return str(asked["request_id"])


def test_what_one_asked_for_and_another_approved_is_done_once(ready: Desk) -> None:
    before = ready.guests()
    ready.sql("UPDATE guests SET name = 'WRONG' WHERE wedding_id = 'ZOE'")
    asked = ready.json(*REPLACE, "--request", *WHY, "--as", "anna")
    assert (asked["phase"], asked["approvals_lacking"], asked["preview"]["updated"]) == ("waiting", 1, 1)
    do = ("restore", "--request-id", asked["request_id"], "--apply", "--as", "anna")
    assert ready.json(*do, code=5)["code"] == "ApprovalNeeded"
    assert ready.json("approvals", "approve", asked["request_id"], "--as", "anna", code=5)["code"] == "NotTheOther"
    assert asked["request_id"] in ready.done("approvals")
    assert ready.json("approvals", "approve", asked["request_id"], "--as", "bert")["phase"] == "approved"
    assert ready.json(*do)["rows"]["updated"] == 1
    assert ready.guests() == before
    assert ready.json(*do, code=5)["code"] == "ApprovalStale"
    assert ready.json("approvals")["requests"] == []
    (over,) = ready.json("approvals", "--all")["requests"]
    assert (over["phase"], over["approved_by"]) == ("restored", ["bert"])


def test_the_policy_makes_another_person_binding(ready: Desk) -> None:
    (ready.home / "policy.toml").write_text("[approvals]\nrequired = true\n")
    ready.sql("UPDATE guests SET name = 'WRONG' WHERE wedding_id = 'ZOE'")
    before = ready.guests()
    assert ready.json(*REPLACE, "--apply", code=5)["code"] == "ApprovalNeeded"
    assert ready.guests() == before
    ready.sql("DELETE FROM bookings WHERE wedding_id = 'ZOE'")
    assert ready.json("restore", "--wedding", ZOE, "--apply")["rows"]["inserted"] == 1, "a merge destroys nothing"


def test_one_goes_alone_in_an_emergency_and_everybody_is_told(ready: Desk) -> None:
    request = ask(ready, "--emergency")
    lonely = ready.json("approvals", "alone", request, "--reason", "nobody else answers", "--as", "anna")
    assert lonely["phase"] == "approved"
    told = [alert for alert in ready.json("status", code=4)["alerts"] if alert["code"] == "restore-alone"]
    assert request in told[0]["what_to_do"]
    ready.done("approvals", "acknowledge", request, "--as", "bert")
    assert "restore-alone" not in str(ready.json("status", code=4)["alerts"])


def test_a_request_is_refused_or_withdrawn(ready: Desk) -> None:
    ready.done("approvals", "withdraw", ask(ready), "--as", "anna")
    refused = ready.json("approvals", "refuse", ask(ready), "--reason", "wrong couple", "--as", "bert")
    assert refused["refused_by"] == {"subject": "bert", "reason": "wrong couple"}
    assert ready.json("approvals", "approve", "none", code=6)["code"] == "RequestNotFound"


@pytest.mark.parametrize(
    "options",
    [
        (*REPLACE, "--request"),
        (*REPLACE, "--request", *WHY, "--apply"),
        (*REPLACE, *WHY),
        (*REPLACE, "--request-id", "x"),
        ("restore", "--wedding", ZOE, "--mode", "copy", "--target", "postgresql://nowhere/x", *WHY),
    ],
)
def test_options_that_do_not_go_together_are_refused(ready: Desk, options: tuple[str, ...]) -> None:
    assert ready.run(*options).exit_code == 2


def test_the_whole_platform_takes_another_person_too(ready: Desk, other_database: str, tmp_path: Path) -> None:
    (ready.home / "policy.toml").write_text("[approvals]\nrequired = true\n")
    everything = ("restore", "--everything", "--target", other_database, "--no-owner")
    assert ready.json(*everything, "--apply", code=5)["code"] == "ApprovalNeeded"
    asked = ready.json(*everything, "--request", *WHY, "--as", "anna")
    assert (asked["scope"], asked["preview"]["weddings"]) == ("everything", 2)
    do = ("restore", "--everything", "--target", other_database, "--request-id", asked["request_id"], "--apply")
    ready.done("approvals", "approve", asked["request_id"], "--as", "bert")
    ready.done(*do, "--as", "anna")
    (over,) = ready.json("approvals", "--all")["requests"]
    assert over["phase"] == "restored"
