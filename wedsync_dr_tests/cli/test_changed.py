"""Snapshots of what changed, and of what fingerprints missed, as an operator sees them."""

import pytest

from wedsync_dr.cli import at_hand
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.scope.survey import survey
from wedsync_dr.snapshot.fingerprints import fingerprints
from wedsync_dr.snapshot.remembered import recall, remember
from wedsync_dr_tests.cli.conftest import EMMA, ZOE, Desk

CHANGE = "UPDATE guests SET name = name || '.' WHERE wedding_id = 'ZOE'"


def weddings(document: dict[str, list[dict[str, str]]]) -> set[str]:
    return {one["scope_id"] for one in document["snapshots"] if one["kind"] == "wedding"}


def test_only_what_changed_is_taken_and_the_rest_is_counted(desk: Desk) -> None:
    desk.done("init")
    desk.done("snapshot", "--all")
    desk.sql(CHANGE)
    document = desk.json("snapshot", "--changed")
    assert weddings(document) == {ZOE}
    assert (document["unchanged"], document["untrusted"], document["notes"]) == (7, [], [])
    assert "9 still current (8 proven unchanged), 0 failed" in desk.done("snapshot", "--changed")


def test_the_first_time_everything_is_taken_and_a_note_says_why(desk: Desk) -> None:
    desk.done("init")
    first = desk.json("snapshot", "--changed")
    assert weddings(first) == {EMMA, ZOE}
    assert "counts as changed" in first["notes"][0]


def test_within_days_takes_the_weddings_that_are_near(desk: Desk) -> None:
    desk.done("init")
    desk.sql("UPDATE weddings SET wedding_date = current_date + 5 WHERE id = 'EMMA'")
    desk.sql("UPDATE weddings SET wedding_date = current_date + 50 WHERE id = 'ZOE'")
    near = desk.json("snapshot", "--changed", "--within-days", "30")
    assert {one["kind"] for one in near["snapshots"]} == {"wedding", "vendor"}
    assert weddings(near) == {EMMA}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--all", "--changed"],
        ["--within-days", "3"],
        ["--within-days", "3", "--all"],
        ["--changed", "--within-days", "3", "--wedding", EMMA],
        ["--changed", "--within-days", "-1"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_together_is_misuse(desk: Desk, arguments: list[str]) -> None:
    assert desk.json("snapshot", *arguments, code=2)["code"] == "Usage"


def test_a_change_that_fingerprints_missed_is_an_error_of_the_full_pass(desk: Desk) -> None:
    desk.done("init")
    desk.done("snapshot", "--all")
    desk.sql(CHANGE)
    pretend_that_it_stands_for_the_change()
    ended = desk.run("snapshot", "--all")
    assert ended.exit_code == 3
    assert f"error: the rows of wedding/{ZOE} had changed and its fingerprint had not" in ended.stderr
    desk.sql(CHANGE)
    pretend_that_it_stands_for_the_change()
    assert desk.json("snapshot", "--all", code=3)["untrusted"] == [{"kind": "wedding", "scope_id": ZOE}]
    assert desk.json("snapshot", "--all")["untrusted"] == []


def pretend_that_it_stands_for_the_change() -> None:
    """What a fault in fingerprints would leave: the newest snapshot of Zoë's wedding stands for rows that it lacks."""
    archive = at_hand.archive()
    newest = archive.vault.newest(ScopeId(Kind.WEDDING, ZOE))
    assert newest is not None
    with survey(at_hand.source()) as seen:
        instant, now = seen.reader.instant, fingerprints(seen, None)
    before, _ = recall(archive)
    batch = f"{instant.taken_at:%Y%m%dT%H%M%S.%f}Z-00000000"
    remember(archive, batch, instant, now, before, {newest.scope: newest.snapshot_id})
