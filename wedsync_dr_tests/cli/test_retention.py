"""`wedsync-dr retention`, `hold` and `release` as an operator types them."""

import pytest

from wedsync_dr_tests.cli.conftest import EMMA, ZOE, Desk, damage

NOTHING_BUT_ONE = """
[retention]
every = "0 h"
hourly = "0 d"
daily = "0 d"
weekly = 0
monthly = 0
yearly = 0
minimum = 1
"""


@pytest.fixture
def aged(ready: Desk) -> Desk:
    """Two snapshots more of both weddings, and the built-in policy."""
    for number in (1, 2):
        ready.sql(f"UPDATE guests SET name = name || '{number}'")
        ready.done("snapshot", "--wedding", EMMA, "--wedding", ZOE)
    return ready


def snapshots(desk: Desk, wedding: str) -> list[str]:
    return [one["snapshot_id"] for one in desk.json("snapshots", "--wedding", wedding)["snapshots"]]


def test_the_plan_changes_nothing_and_says_why_each_stays_or_goes(aged: Desk) -> None:
    plan = aged.json("retention")
    assert plan["removals"] == []
    assert {why for kept in plan["kept"] for why in kept["reasons"]} >= {"younger than 2 d", "last recovery point"}
    (aged.home / "policy.toml").write_text(NOTHING_BUT_ONE)
    plan = aged.json("retention", "--plan")
    oldest = {(EMMA, one) for one in snapshots(aged, EMMA)[1:]} | {(ZOE, one) for one in snapshots(aged, ZOE)[1:]}
    assert {(one["scope_id"], one["snapshot_id"]) for one in plan["removals"]} == oldest
    shown = aged.done("retention", "--plan")
    assert "4 snapshots may go" in shown and ", last recovery point\n" in shown
    assert len(snapshots(aged, EMMA)) == 3
    assert aged.run("retention", "--plan", "--apply").exit_code == 2


def test_applying_removes_what_may_go_and_the_vault_verifies(aged: Desk) -> None:
    (aged.home / "policy.toml").write_text(NOTHING_BUT_ONE)
    aged.done("hold", "--wedding", ZOE, "--reason", "case 12/26")
    newest = snapshots(aged, EMMA)[:1]
    done = aged.json("retention", "--apply")
    assert len(done["removed"]) == 2 and done["skipped"] == done["finished"] == []
    assert (snapshots(aged, EMMA), len(snapshots(aged, ZOE))) == (newest, 3)
    aged.done("release", "--wedding", ZOE, "--reason", "closed")
    assert aged.done("retention", "--apply").startswith("2 snapshots removed")
    assert aged.json("verify")["findings"] == []
    removed = [entry for entry in aged.json("ledger", "list")["entries"] if entry["event"] == "removed"]
    assert removed[-1]["body"]["by"].endswith("(command line)")


def test_a_wedding_whose_newest_snapshot_is_damaged_loses_nothing_and_the_exit_code_says_so(aged: Desk) -> None:
    (aged.home / "policy.toml").write_text(NOTHING_BUT_ONE)
    damage(aged.objects()[-1])
    done = aged.json("retention", "--apply", code=3)
    (left,) = done["skipped"]
    assert (left["scope_id"], left["busy"]) == (EMMA, False) and "altered" in left["why"]
    assert {one["scope_id"] for one in done["removed"]} == {ZOE}


def test_a_held_wedding_is_listed_and_a_released_one_is_not(aged: Desk) -> None:
    assert aged.done("hold") == "nothing is held\n"
    aged.done("hold", "--wedding", EMMA, "--reason", " case 12/26 ", "--until", "2099-12-31", "--by", "legal")
    (held,) = aged.json("hold")["holds"]
    assert (held["scope_id"], held["reason"], held["until"], held["by"]) == (EMMA, "case 12/26", "2099-12-31", "legal")
    kept = {reason for one in aged.json("retention")["kept"] if one["scope_id"] == EMMA for reason in one["reasons"]}
    assert kept == {"legal hold: case 12/26"}
    assert "case 12/26" in aged.done("hold")
    assert aged.done("release", "--wedding", EMMA, "--reason", "closed") == f"wedding/{EMMA} is released\n"
    assert aged.json("hold") == {"holds": []}
    events = [entry["event"] for entry in aged.json("ledger", "list")["entries"]]
    assert events[-2:] == ["held", "released"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("hold", "--wedding", EMMA), 2),
        (("hold", "--wedding", EMMA, "--reason", "  "), 2),
        (("hold", "--reason", "case"), 2),
        (("hold", "--wedding", EMMA, "--reason", "case", "--until", "2020-01-01"), 2),
        (("hold", "--wedding", EMMA[:-1] + "0", "--reason", "case"), 6),
        (("release", "--wedding", EMMA, "--reason", "case"), 6),
        (("release", "--wedding", EMMA), 2),
    ],
)
def test_a_hold_that_cannot_be_meant_is_refused(ready: Desk, arguments: tuple[str, ...], code: int) -> None:
    assert ready.run(*arguments).exit_code == code
    assert ready.json("hold") == {"holds": []}
