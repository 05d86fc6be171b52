"""Tokens and the API on the command line."""

import signal
import subprocess

import pytest
import requests

from wedsync_dr_tests.cli.conftest import ROSES, Desk


def test_a_token_is_shown_once_and_listed_without_itself(ready: Desk) -> None:
    made = ready.json("tokens", "create", "--role", "viewer", "--name", "venue", "--organization", ROSES)
    listed = ready.done("tokens", "list", "--json") + ready.done("tokens", "list")
    assert made["token"].startswith("wdr_") and made["organizations"] == [ROSES]
    assert made["id"] in listed and "good" in listed
    assert made["token"] not in listed and made["token"].removeprefix("wdr_") not in ready.done("ledger", "list")


def test_a_token_of_an_organization_that_nobody_knows_is_made_with_a_warning(ready: Desk) -> None:
    create = ("tokens", "create", "--role", "viewer", "--name", "venue", "--organization")
    assert "warning" in ready.run(*create, "no-such").stderr
    assert "warning" not in ready.run(*create, ROSES).stderr


def test_a_revoked_token_stays_in_the_list_and_an_unknown_one_is_not_found(ready: Desk) -> None:
    made = ready.json("tokens", "create", "--role", "operator", "--name", "night", "--expires-in", "1")
    ready.done("tokens", "revoke", made["id"], "--reason", "left")
    listed = ready.json("tokens", "list")["tokens"]
    assert [(one["id"], one["good"]) for one in listed] == [(made["id"], False)]
    assert ready.run("tokens", "revoke", "0f0f0f", "--reason", "left").exit_code == 6


@pytest.mark.parametrize(
    "wrong",
    [
        ("--role", "admin", "--name", "x"),
        ("--role", "viewer", "--name", " "),
        ("--role", "viewer", "--name", "nina\ntoken:olga"),
        ("--role", "viewer", "--name", "x", "--expires-in", "0"),
        ("--role", "viewer", "--name", "x", "--expires-in", "3650"),
    ],
)
def test_a_token_that_makes_no_sense_is_not_made(ready: Desk, wrong: tuple[str, ...]) -> None:
    assert ready.run("tokens", "create", *wrong).exit_code == 2


def test_the_api_listens_beyond_loopback_only_when_it_is_told_that_there_is_no_tls(ready: Desk) -> None:
    refused = ready.run("api", "--host", "0.0.0.0")  # noqa: S104
    assert refused.exit_code == 2 and "--without-tls" in refused.output


def test_the_api_answers_a_token_of_the_command_line_and_ends_in_order(ready: Desk) -> None:
    token = ready.json("tokens", "create", "--role", "viewer", "--name", "venue")["token"]
    process = ready.start("api", "--port", "0", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout and process.stderr
    url = process.stdout.readline().decode().split()[2].rstrip(";")
    try:
        answer = requests.get(f"{url}/api/me", headers={"Authorization": f"Bearer {token}"}, timeout=20)
        assert answer.json()["subject"] == "token:venue"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        log = process.stderr.read().decode()
        assert answer.headers["X-Request-Id"] in log and token not in log
    finally:
        process.kill()
        process.communicate()
