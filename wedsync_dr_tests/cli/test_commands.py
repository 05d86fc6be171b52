"""Every command but the restore, on a real PostgreSQL."""

import json
import os
import signal
import subprocess
import time
from urllib.parse import quote

import pytest

from wedsync_dr_tests.cli.conftest import EMMA, ROSES, SECRET_NAME, ZOE, Desk, damage
from wedsync_dr_tests.conftest import PASSWORD

SCOPES = {
    ("wedding", EMMA),
    ("wedding", ZOE),
    ("vendor", ROSES),
    *(("platform", f"public.{name}") for name in ("vendors", "weddings", "guests", "bookings", "venues")),
    ("schema", "database"),
}


@pytest.mark.parametrize(
    "command",
    [
        ["snapshot", "--all"],
        ["snapshots"],
        ["show", "--wedding", EMMA],
        ["export", "--wedding", EMMA, "--to", "out"],
        ["verify"],
        ["diff", "--wedding", EMMA],
        ["restore", "--wedding", EMMA],
        ["ledger", "list"],
        ["ledger", "check"],
    ],
    ids=" ".join,
)
def test_before_init_a_command_says_to_run_it(desk: Desk, command: list[str]) -> None:
    ended = desk.run(*command)
    assert ended.exit_code == 2
    assert "wedsync-dr init" in ended.stderr
    assert desk.json(*command, code=2)["code"] == "NotInitialised"
    assert not (desk.home / ".wedsync").exists()


def test_init_creates_once_and_finds_the_second_time(desk: Desk) -> None:
    first = desk.json("init")
    assert {part: made["created"] for part, made in first["parts"].items()} == {
        "root key": True,
        "keyring": True,
        "vault": True,
    }
    assert first["source"] == {"ok": True, "tables": 5}
    assert not any(made["created"] for made in desk.json("init")["parts"].values())
    assert "found" in desk.done("init")


def test_init_says_what_is_wrong_with_the_source_and_still_makes_the_rest(desk: Desk) -> None:
    user, _, address = desk.url.partition("@")
    (desk.home / ".env").write_text(f"WEDSYNC_SOURCE_URL='{user}-wrong@{address}'\n")
    refused = desk.json("init", code=5)
    assert refused["source"]["code"] == "SourceRefused"
    assert refused["parts"]["vault"]["created"]
    (desk.home / ".env").write_text("WEDSYNC_SOURCE_URL='postgresql://backup@127.0.0.1:1/wedsync'\n")
    assert desk.json("init", code=7)["source"]["code"] == "SourceUnreachable"
    (desk.home / ".env").write_text("")
    assert "WEDSYNC_SOURCE_URL" in desk.json("init", code=2)["source"]["error"]


def test_init_prints_no_password(desk: Desk) -> None:
    printed = desk.run("init").output + desk.run("init", "--json").output
    assert PASSWORD not in printed
    assert quote(PASSWORD, safe="") not in printed


def test_scopes_add_up_to_the_database(desk: Desk) -> None:
    document = desk.json("scopes")
    rows = {table["table"]: table["rows"] for table in document["tables"]}
    assert rows["public.guests"] == {"wedding": 52, "vendor": 0, "platform": 0}
    assert rows["public.vendors"] == {"wedding": 0, "vendor": 1, "platform": 0}
    assert sum(sum(counts.values()) for counts in rows.values()) == 58
    assert set(document) == {"tables", "undecided", "warnings"}
    assert "58 rows" in desk.done("scopes")


def test_scopes_with_rules_that_name_nothing_name_the_nearest(desk: Desk) -> None:
    (desk.home / "rules.toml").write_text('[roots]\nwedding = ["public.wedings"]\n')
    error = desk.json("scopes", code=2)
    assert error["code"] == "RulesInvalid"
    assert "public.weddings" in error["error"] + error["remedy"]


def test_a_snapshot_of_all_has_every_scope_and_the_second_finds_them_current(desk: Desk) -> None:
    desk.done("init")
    first = desk.json("snapshot", "--all")
    assert set(first) == {"snapshots", "unchanged", "untrusted", "notes", "failed", "seconds"}
    assert set(first["snapshots"][0]) == {
        "kind",
        "scope_id",
        "snapshot_id",
        "taken_at",
        "lsn",
        "bytes",
        "rows",
        "status",
    }
    assert {(one["kind"], one["scope_id"]) for one in first["snapshots"]} == SCOPES
    assert {one["status"] for one in first["snapshots"]} == {"stored"}
    assert sum(one["rows"] for one in first["snapshots"] if one["kind"] != "schema") == 58
    assert {one["status"] for one in desk.json("snapshot", "--all")["snapshots"]} == {"current"}


def test_a_snapshot_is_of_what_is_named_by_id_or_by_table(desk: Desk) -> None:
    desk.done("init")
    named = desk.json("snapshot", "--wedding", EMMA, "--vendor", ROSES, "--platform", "venues")
    assert {(one["kind"], one["scope_id"]) for one in named["snapshots"]} == {
        ("wedding", EMMA),
        ("vendor", ROSES),
        ("platform", "public.venues"),
    }
    tables = desk.json("snapshot", "--platform")["snapshots"]
    assert {(one["kind"], one["scope_id"]) for one in tables} == {scope for scope in SCOPES if scope[0] == "platform"}


@pytest.mark.parametrize("arguments", [[], ["--all", "--wedding", EMMA], ["--all", "--platform"]])
def test_a_snapshot_of_nothing_or_of_all_and_one_is_misuse(desk: Desk, arguments: list[str]) -> None:
    assert desk.json("snapshot", *arguments, code=2)["code"] == "Usage"


def test_one_unknown_wedding_stops_no_other(ready: Desk) -> None:
    typo = EMMA[:-1] + "7"
    both = ready.json("snapshot", "--wedding", EMMA, "--wedding", typo, code=3)
    assert [one["scope_id"] for one in both["snapshots"]] == [EMMA]
    assert [(one["kind"], one["scope_id"]) for one in both["failed"]] == [("wedding", typo)]
    assert EMMA in both["failed"][0]["remedy"]


@pytest.mark.parametrize(
    "command",
    [
        ["snapshot"],
        ["snapshots"],
        ["show"],
        ["export", "--to", "out"],
        ["diff"],
        ["restore"],
    ],
    ids=" ".join,
)
def test_an_unknown_wedding_is_not_found_and_close_ids_are_offered(ready: Desk, command: list[str]) -> None:
    ended = ready.run(*command, "--wedding", EMMA[:-1] + "7")
    assert ended.exit_code == 6
    assert EMMA in ended.stderr
    assert ROSES not in ended.stderr


def test_snapshots_are_listed_newest_first_for_one_or_all(ready: Desk) -> None:
    ready.sql("DELETE FROM guests WHERE name = 'SECRET_NAME'")
    ready.done("snapshot", "--all")
    listed = ready.json("snapshots", "--wedding", EMMA)["snapshots"]
    assert [one["rows"] for one in listed] == [52, 53]
    assert [one["taken_at"] for one in listed] == sorted((one["taken_at"] for one in listed), reverse=True)
    assert {(one["kind"], one["scope_id"]) for one in ready.json("snapshots")["snapshots"]} == SCOPES
    text = ready.done("snapshots", "--wedding", EMMA)
    assert text.index(listed[0]["snapshot_id"]) < text.index(listed[1]["snapshot_id"])
    assert listed[0]["taken_at"] in text


def test_a_snapshot_whose_manifest_is_damaged_is_still_listed_as_such(ready: Desk) -> None:
    damage(ready.objects()[0].with_name("manifest.json"))
    document = ready.json("snapshots")
    assert [one["scope_id"] for one in document["unreadable"]] == [EMMA]
    assert len(document["snapshots"]) == len(SCOPES) - 1
    assert f"unreadable: wedding/{EMMA}" in ready.run("snapshots").stderr


def test_what_commands_print_about_a_wedding_names_none_of_its_guests(ready: Desk) -> None:
    printed = [
        ready.run(*command).output
        for command in (
            ["snapshot", "--wedding", EMMA],
            ["snapshots"],
            ["show", "--wedding", EMMA],
            ["verify"],
            ["diff", "--wedding", EMMA],
            ["restore", "--wedding", EMMA, "--mode", "replace", "--apply"],
            ["ledger", "list"],
            ["scopes"],
        )
    ]
    assert SECRET_NAME.split()[1] not in "".join(printed)


def test_a_reader_that_stops_reading_is_no_error_message(ready: Desk) -> None:
    with ready.start("snapshots", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as listing:
        assert listing.stdout
        assert listing.stderr
        listing.stdout.close()
        assert listing.stderr.read() == b""


def test_ctrl_c_during_a_snapshot_lists_nothing_half_made(ready: Desk) -> None:
    ready.sql("INSERT INTO guests (wedding_id, name) SELECT 'EMMA', 'late ' || n FROM generate_series(1, 400000) AS n")
    before, entries = ready.json("snapshots")["snapshots"], _entries(ready)
    running = ready.start("snapshot", "--all", stderr=subprocess.PIPE)
    _wait_for_ledger(ready, entries=entries + 1)
    os.killpg(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130, said
    assert b"interrupted; nothing half-made is listed; run again" in said
    assert b"Traceback" not in said
    listed = ready.json("snapshots")["snapshots"]
    assert all(one in listed for one in before)
    assert ready.json("verify")["findings"] == []
    assert ready.json("snapshot", "--all")["failed"] == []
    assert ready.json("verify")["findings"] == []


def _entries(desk: Desk) -> int:
    return len(list((desk.home / ".wedsync" / "vault" / "ledger").iterdir()))


def _wait_for_ledger(desk: Desk, *, entries: int) -> None:
    deadline = time.monotonic() + 20
    while _entries(desk) < entries and time.monotonic() < deadline:
        time.sleep(0.01)


def test_the_real_program_prints_json_and_ends_with_the_code_of_the_error(ready: Desk) -> None:
    with ready.start(
        "show", "--wedding", "nobody", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        out, said = program.communicate()
    assert program.returncode == 6
    assert json.loads(out)["code"] == "ScopeNotFound"
    assert said == b""
