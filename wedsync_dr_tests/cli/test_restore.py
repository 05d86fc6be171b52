"""Restoring from the command line, on a real PostgreSQL."""

import fcntl
import os
import pty
import select
import termios
import time
from datetime import timedelta

import pytest

from wedsync_dr.model import parse_utc, utc_text
from wedsync_dr_tests.cli.conftest import EMMA, ROSES, Desk, damage

WHOLE = ["restore", "--wedding", EMMA, "--mode", "replace"]


def lose_the_wedding(desk: Desk) -> None:
    desk.sql("DELETE FROM bookings WHERE wedding_id = 'EMMA'; DELETE FROM guests WHERE wedding_id = 'EMMA'")
    desk.sql("DELETE FROM weddings WHERE id = 'EMMA'")


def test_without_apply_a_plan_is_shown_and_nothing_is_changed(ready: Desk) -> None:
    lose_the_wedding(ready)
    before = ready.guests()
    text = ready.done(*WHOLE)
    assert "public.guests" in text
    assert "rows to insert 53, to update 0, to delete 0" in text
    assert "will not fire: public.guests.shouting" in text
    assert "Nothing was changed; add --apply to do it." in text
    assert ready.guests() == before


def test_a_lost_wedding_is_back_as_it_was_and_then_nothing_differs(ready: Desk) -> None:
    before = ready.guests()
    lose_the_wedding(ready)
    document = ready.json(*WHOLE, "--apply")
    expected = {"plan", "applied", "verified", "rows", "seconds", "snapshot_id", "safety_snapshot_id", "undo"}
    assert set(document) == expected
    assert (document["applied"], document["verified"]) == (True, True)
    assert document["rows"] == {"inserted": 53, "updated": 0, "deleted": 0}
    assert {"resolve", "plan", "apply"} <= set(document["seconds"])
    assert ready.guests() == before
    difference = ready.json("diff", "--wedding", EMMA)
    assert difference["tables"] == []
    assert "already holds" in ready.done("diff", "--wedding", EMMA)


def test_restoring_what_is_there_changes_nothing_and_takes_no_safety_snapshot(ready: Desk) -> None:
    before = ready.guests()
    document = ready.json(*WHOLE, "--apply")
    assert document["rows"] == {"inserted": 0, "updated": 0, "deleted": 0}
    assert document["safety_snapshot_id"] is None
    assert ready.guests() == before


def test_a_replace_can_be_taken_back_with_the_command_that_it_prints(ready: Desk) -> None:
    ready.sql(
        "UPDATE guests SET plus_one_of = 2 WHERE id < 10; INSERT INTO guests (wedding_id, name) VALUES ('EMMA', 'X')"
    )
    edited = ready.guests()
    said = ready.done(*WHOLE, "--apply")
    assert ready.guests() != edited
    undo = next(line for line in said.splitlines() if line.startswith("to take it back: wedsync-dr "))
    ready.done(*undo.removeprefix("to take it back: wedsync-dr ").split())
    assert ready.guests() == edited


def test_a_merge_puts_back_what_is_missing_and_keeps_what_was_added(ready: Desk) -> None:
    ready.sql("DELETE FROM guests WHERE wedding_id = 'EMMA' AND id > 40; UPDATE guests SET name = 'new' WHERE id = 3")
    ready.sql("INSERT INTO guests (wedding_id, name) VALUES ('EMMA', 'late')")
    assert "kept as they are" in ready.done("restore", "--wedding", EMMA)
    ready.done("restore", "--wedding", EMMA, "--apply")
    names = {row[2] for row in ready.guests()}
    assert {"NEW", "LATE", "Guest 41"} <= names


def test_only_the_tables_that_are_named_change(ready: Desk) -> None:
    ready.sql(
        "DELETE FROM bookings WHERE wedding_id = 'EMMA'; DELETE FROM guests WHERE wedding_id = 'EMMA' AND id > 40"
    )
    document = ready.json(*WHOLE, "--tables", "guest*", "--apply")
    assert [table["table"] for table in document["plan"]["tables"]] == ["public.guests"]
    assert ready.sql("SELECT count(*) FROM bookings") == [(1,)]
    assert ready.json(*WHOLE, "--tables", "geusts", code=6)["code"] == "ScopeNotFound"


def test_a_lost_vendor_comes_back_with_the_booking_that_names_it(ready: Desk) -> None:
    ready.sql("DELETE FROM bookings; DELETE FROM vendors")
    assert "linked parent: 1 row of public.vendors" in ready.done("restore", "--wedding", EMMA)
    document = ready.json("restore", "--wedding", EMMA, "--apply")
    assert [(parent["table"], parent["owner"]) for parent in document["plan"]["linked_parents"]] == [
        ("public.vendors", f"vendor/{ROSES}")
    ]
    assert "linked parent" not in ready.done("restore", "--wedding", EMMA)
    assert ready.sql("SELECT name FROM vendors") == [("Roses & Co",)]


def test_as_of_picks_the_recovery_point_at_or_before_it(ready: Desk) -> None:
    first = ready.json("snapshots", "--wedding", EMMA)["snapshots"][0]
    ready.sql("DELETE FROM guests WHERE id > 40")
    ready.done("snapshot", "--wedding", EMMA)
    assert ready.json(*WHOLE)["plan"]["snapshot_id"] != first["snapshot_id"]
    later = utc_text(parse_utc(first["taken_at"]) + timedelta(microseconds=1))
    for moment in (first["taken_at"], first["snapshot_id"], later):
        assert ready.json(*WHOLE, "--as-of", moment)["plan"]["snapshot_id"] == first["snapshot_id"]


def test_as_of_before_the_first_snapshot_says_when_that_was(ready: Desk) -> None:
    first = ready.json("snapshots", "--wedding", EMMA)["snapshots"][0]
    error = ready.json(*WHOLE, "--as-of", "2020-01-01T00:00:00Z", code=6)
    assert error["code"] == "SnapshotNotFound"
    assert first["taken_at"] in error["remedy"]


def test_a_damaged_recovery_point_is_refused_and_the_older_one_used(ready: Desk) -> None:
    first = ready.json("snapshots", "--wedding", EMMA)["snapshots"][0]
    ready.sql("DELETE FROM guests WHERE id = 7")
    ready.done("snapshot", "--wedding", EMMA)
    damage(ready.objects()[-1])
    ended = ready.run(*WHOLE)
    assert ended.exit_code == 0
    assert "refused" in ended.stderr
    assert first["snapshot_id"] in ended.stdout
    damage(ready.objects()[0])
    assert ready.json(*WHOLE, "--apply", code=5)["code"] == "Damaged"


def test_a_conflict_is_shown_in_the_plan_and_refused_when_applied(ready: Desk) -> None:
    ready.sql("DELETE FROM guests WHERE id IN (1, 51); INSERT INTO guests VALUES (1, 'ZOE', 'taken')")
    text = ready.done("restore", "--wedding", EMMA)
    assert "conflict (owned-by-other): public.guests" in text
    assert "cannot be applied" in text
    before = ready.guests()
    assert ready.json("restore", "--wedding", EMMA, "--apply", code=5)["code"] == "Conflict"
    assert ready.guests() == before


def test_a_copy_goes_into_the_target_and_leaves_the_source_alone(ready: Desk) -> None:
    aside = f"{ready.url}_aside"
    ready.sql(f"CREATE DATABASE {aside.rpartition('/')[2]} TEMPLATE {ready.url.rpartition('/')[2]}")
    other = Desk(ready.home, aside)
    lose_the_wedding(other)
    lose_the_wedding(ready)
    document = ready.json("restore", "--wedding", EMMA, "--mode", "copy", "--target", aside, "--apply")
    assert document["rows"]["inserted"] == 53
    assert len(other.guests()) == 52
    assert len(ready.guests()) == 1


@pytest.mark.parametrize(
    "arguments",
    [["--mode", "copy"], ["--target", "postgresql://db/aside"], ["--target", "aside", "--mode", "copy"]],
    ids=" ".join,
)
def test_a_copy_without_a_target_and_a_target_without_a_copy_are_refused(ready: Desk, arguments: list[str]) -> None:
    assert ready.json("restore", "--wedding", EMMA, *arguments, code=2)["code"] == "SettingsInvalid"


@pytest.mark.parametrize("arguments", [[], ["--wedding", EMMA, "--vendor", ROSES]])
def test_a_restore_is_of_exactly_one_scope(ready: Desk, arguments: list[str]) -> None:
    assert ready.json("restore", *arguments, code=2)["code"] == "Usage"


@pytest.mark.parametrize(
    ("options", "answer", "code"),
    [
        (["--mode", "replace"], EMMA, 0),
        (["--mode", "replace"], "yes", 5),
        (["--mode", "replace"], "\x03", 5),
        (["--mode", "merge"], "y", 0),
        (["--mode", "merge"], "n", 5),
        (["--mode", "replace", "--yes"], None, 0),
    ],
    ids=["replace-id", "replace-yes", "replace-ctrl-c", "merge-y", "merge-n", "yes"],
)
def test_on_a_terminal_it_asks_and_replace_wants_the_id(
    ready: Desk, options: list[str], answer: str | None, code: int
) -> None:
    before = ready.guests()
    lose_the_wedding(ready)
    ended, screen = on_a_terminal(ready, ["restore", "--wedding", EMMA, "--apply", *options], answer)
    assert ended == code, screen
    assert (ready.guests() == before) == (code == 0)
    assert (answer is None) == (": " not in screen.partition("rows to insert")[2].partition("restored")[0])


def on_a_terminal(desk: Desk, arguments: list[str], answer: str | None) -> tuple[int, str]:
    """Run the real program on a terminal, answer its first question, and return its exit code and the screen."""
    ours, theirs = pty.openpty()
    program = desk.start(*arguments, stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=_take_terminal)
    os.close(theirs)
    screen = ""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and select.select([ours], [], [], 30)[0]:
        try:
            screen += os.read(ours, 4096).decode()
        except OSError:  # the terminal is gone with its last program
            break
        if answer and screen.rstrip(" ").endswith(":"):
            time.sleep(
                0.3
            )  # a person's pause: a signal just before `input` reads is lost in CPython until a key is pressed
            os.write(ours, answer.encode() + b"\n" * (answer != "\x03"))
            answer = None
    os.close(ours)
    return program.wait(timeout=10), screen


def _take_terminal() -> None:
    """Make the terminal the program's own, so that Ctrl-C reaches it."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_a_diff_names_rows_and_columns_and_shows_values_only_when_asked(ready: Desk) -> None:
    first = ready.json("snapshots", "--wedding", EMMA)["snapshots"][0]
    ready.sql("ALTER TABLE guests DISABLE TRIGGER shouting; UPDATE guests SET name = 'Somebody Else' WHERE id = 3")
    text = ready.done("diff", "--wedding", EMMA)
    assert "changed public.guests id=3: name" in text
    assert "Somebody Else" not in text
    assert "name: Guest 3 → Somebody Else" in ready.done("diff", "--wedding", EMMA, "--values")
    ready.done("snapshot", "--wedding", EMMA)
    ready.sql("DELETE FROM guests WHERE id = 4")
    ends = ["--as-of", first["taken_at"], "--to", "2099-01-01T00:00:00Z"]
    told = ready.json("diff", "--wedding", EMMA, *ends, "--values")
    assert told["tables"] == [{"table": "public.guests", "added": 0, "removed": 0, "changed": 1}]
    assert told["changes"][0]["values"] == {"name": ["Guest 3", "Somebody Else"]}
    assert "changed public.guests id=3: name" in ready.done("diff", "--wedding", EMMA, *ends)
    assert ready.json("diff", "--wedding", EMMA, "--to", first["taken_at"], code=2)["code"] == "Usage"


def test_consent_is_asked_for_by_name_on_the_command_line(ready: Desk) -> None:
    ready.sql("ALTER TABLE guests DROP name CASCADE; DELETE FROM guests WHERE id > 50")
    assert "name character" not in ready.done(*WHOLE)
    assert "dropped, loses" in ready.done(*WHOLE)
    refused = ready.json(*WHOLE, "--apply", code=5)
    assert refused["code"] == "SchemaChanged"
    assert "--accept-drift" in refused["remedy"]
    assert ready.json(*WHOLE, "--apply", "--accept-drift")["rows"]["inserted"] == 1


def test_rows_are_restored_by_key_and_a_restore_is_taken_back_by_its_snapshot(ready: Desk) -> None:
    ready.sql("DELETE FROM guests WHERE wedding_id = 'EMMA' AND id > 40")
    edited = ready.guests()
    document = ready.json(*WHOLE, "--rows", "guests=41,42", "--apply")
    assert document["rows"]["inserted"] == 2
    assert document["undo"].startswith("wedsync-dr restore --wedding")
    ready.done(*document["undo"].split()[1:])
    assert ready.guests() == edited
    both = ["--snapshot", document["snapshot_id"], "--as-of", "2099-01-01T00:00:00Z"]
    assert ready.json(*WHOLE, *both, code=2)["code"] == "Usage"
