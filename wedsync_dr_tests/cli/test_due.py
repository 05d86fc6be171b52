"""`wedsync-dr due`: what comes first, why, and what comes next."""

from datetime import datetime, timedelta

from wedsync_dr_tests.cli.conftest import EMMA, ROSES, ZOE, Desk

TODAY = "(current_timestamp AT TIME ZONE 'UTC')::date"


def test_what_was_never_snapshotted_is_due_the_most_urgent_first(desk: Desk) -> None:
    desk.done("init")
    desk.sql(f"UPDATE weddings SET wedding_date = {TODAY} + 1 WHERE id = 'EMMA'")
    desk.sql(f"UPDATE weddings SET wedding_date = {TODAY} + 300 WHERE id = 'ZOE'")
    found = desk.json("due")
    order = [one["scope_id"] for one in found["due"]]
    assert set(order[:2]) == {EMMA, ROSES}
    assert order.index(ZOE) > 1
    assert all(one["late"] and "no recovery point yet" in one["reason"] for one in found["due"])
    assert (found["due"][0]["tier"], found["due"][0]["priority"], found["due"][0]["run_priority"]) == (
        "day_of",
        "CRITICAL",
        100,
    )
    assert found["scopes"] == len(found["due"])
    shown = desk.done("due")
    assert "tomorrow; no recovery point yet; objective 5 min" in shown
    assert f"{found['scopes']} scopes due, {found['scopes']} of them late" in shown


def test_after_a_snapshot_nothing_is_due_and_the_next_one_is_said(ready: Desk) -> None:
    ready.sql(f"UPDATE weddings SET wedding_date = {TODAY} + 300 WHERE id = 'ZOE'")
    ready.sql(f"UPDATE weddings SET wedding_date = {TODAY} + 4 WHERE id = 'EMMA'")
    ready.done("snapshot", "--all")
    shown = ready.done("due")
    assert shown.startswith("nothing due\nnext: ")
    assert shown.count("next: ") == 1
    assert "in 4 days" in shown
    assert ready.json("due")["due"] == []
    assert len(ready.json("due")["upcoming"]) == 1
    everything = ready.json("due", "--all")
    assert len(everything["upcoming"]) == everything["scopes"]
    first = datetime.fromisoformat(everything["upcoming"][0]["due_at"])
    assert timedelta(minutes=5) < first - datetime.fromisoformat(everything["at"]) <= timedelta(minutes=10)


def test_the_policy_file_decides(ready: Desk) -> None:
    ready.sql(f"UPDATE weddings SET wedding_date = {TODAY} + 4")
    ready.done("snapshot", "--all")
    (ready.home / "policy.toml").write_text('[imminent]\nrpo = "2 h"\ncadence = "1 h"\npriority = "NORMAL"\n')
    wedding = next(one for one in ready.json("due", "--all")["upcoming"] if one["scope_id"] == EMMA)
    assert (wedding["priority"], wedding["reason"].rpartition("; ")[2]) == ("NORMAL", "objective 2 h")
    (ready.home / "policy.toml").write_text("[imminnt]\n")
    refused = ready.json("due", code=2)
    assert (refused["code"], refused["remedy"]) == ("PolicyInvalid", "Did you mean 'imminent'?")


def test_a_snapshot_taken_here_has_the_tier_of_the_policy_file(ready: Desk) -> None:
    ready.sql(f"UPDATE weddings SET wedding_date = {TODAY} + 20 WHERE id = 'EMMA'")
    (ready.home / "policy.toml").write_text("[imminent]\ndays_before = 25\n")
    ready.done("snapshot", "--wedding", EMMA)
    assert ready.json("snapshots", "--wedding", EMMA)["snapshots"][0]["tier"] == "imminent"


def test_a_source_that_does_not_answer_is_an_error_and_never_nothing_due(ready: Desk) -> None:
    (ready.home / ".env").write_text("WEDSYNC_SOURCE_URL='postgresql://nobody@127.0.0.1:1/nowhere'\n")
    ended = ready.run("due")
    assert ended.exit_code == 7
    assert "nothing due" not in ended.output


def test_what_vanished_from_the_source_is_named(ready: Desk) -> None:
    assert ready.json("due")["vanished"] == []
    for table in ("guests", "bookings"):
        ready.sql(f"DELETE FROM {table} WHERE wedding_id = 'EMMA'")
    ready.sql("DELETE FROM weddings WHERE id = 'EMMA'")
    assert ready.json("due")["vanished"] == [{"kind": "wedding", "scope_id": EMMA}]
    assert f"vanished: wedding/{EMMA}" in ready.done("due")
