"""`wedsync-dr status` and `alerts`: the verdict, what needs somebody, metrics that parse, and no secret."""

import os
import re
import signal
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from wedsync_dr.cli import at_hand
from wedsync_dr.model import utc_text
from wedsync_dr.settings import Settings, open_archive
from wedsync_dr_tests.alerts.servers import web_server
from wedsync_dr_tests.cli.conftest import EMMA, SECRET_NAME, ZOE, Desk, damage

TODAY = "(current_timestamp AT TIME ZONE 'UTC')::date"
SAMPLE = re.compile(r'(wedsync_[a-z_]+)(\{[a-z]+="[a-z_]+"(?:,[a-z]+="[a-z_]+")*\})? (-?[0-9.e+]+)')


def drilled(desk: Desk) -> None:
    """The ledger's entry of a drill of last night that restored a wedding of every tier."""
    now = at_hand.now()
    tiers = ("day_of", "imminent", "critical", "normal", "settled")
    results = [
        {"kind": "wedding", "scope_id": EMMA, "snapshot_id": "a", "tier": tier, "seconds": 0.2,
         "target_seconds": 300.0, "equal": True, "problem": ""}
        for tier in tiers
    ]  # fmt: skip
    body = {"drilled_at": utc_text(now - timedelta(hours=5)), "problems": [], "results": results, "ok": True}
    open_archive(Settings.from_environ({}, desk.home / ".env")).ledger.append("drilled", body, now)


def fresh(desk: Desk) -> Desk:
    """A desk where everything was just snapshotted, verified and drilled."""
    desk.sql(f"UPDATE weddings SET wedding_date = {TODAY} + 1 WHERE id = 'EMMA'")
    desk.done("snapshot", "--all")
    desk.done("verify")
    drilled(desk)
    settings = desk.home / ".env"
    settings.write_text(settings.read_text() + "WEDSYNC_SPACE_WARN=100\n")
    return desk


def samples(text: str) -> dict[str, float]:
    """Every sample of an exposition, each of a metric that was declared before it, once."""
    found: dict[str, float] = {}
    declared = ""
    for line in text.splitlines():
        if line.startswith("# HELP "):
            declared = line.split()[2]
        elif line.startswith("# TYPE "):
            assert line == f"# TYPE {declared} gauge"
        else:
            sample = SAMPLE.fullmatch(line)
            assert sample and sample[1] == declared, line
            assert sample[1] + (sample[2] or "") not in found
            found[sample[1] + (sample[2] or "")] = float(sample[3])
    assert text.endswith("\n")
    return found


def test_on_the_first_day_nothing_is_well(desk: Desk) -> None:
    desk.done("init")
    ended = desk.run("status")
    assert ended.exit_code == 4
    assert "NEED YOU" in ended.stdout.splitlines()[0]
    assert "ERROR: The vault has no snapshot at all." in ended.stdout
    assert "docs/runbook.md, nothing-protected" in ended.stdout
    assert "No drill has ever run." in ended.stdout


def test_all_is_well_once_everything_was_snapshotted_verified_and_drilled(ready: Desk) -> None:
    shown = fresh(ready).done("status")
    assert shown.startswith("ALL WELL ")
    day_of = next(line for line in shown.splitlines() if line.startswith("wedding day_of"))
    assert day_of.split()[2:6] == ["1", "1", "0", "0"]
    assert day_of.endswith("5 min")
    assert "5 h ago: 5 recovery points, all held" in shown
    assert re.search(r"verified +\d+ s ago: \d+ snapshots, intact", shown)
    assert re.search(r"next +wedding/", shown)
    document = ready.json("status")
    assert (document["well"], document["alerts"], document["unknown"]) == (True, [], [])
    assert sum(lane["scopes"] for lane in document["lanes"] if lane["kind"] == "wedding") == 2
    assert SECRET_NAME not in shown


def test_damage_that_verify_found_and_a_wedding_that_vanished_need_somebody(ready: Desk) -> None:
    fresh(ready)
    damage(ready.objects()[0])
    ready.run("verify")
    ready.sql("DELETE FROM bookings WHERE wedding_id = 'ZOE'")
    ready.sql("DELETE FROM guests WHERE wedding_id = 'ZOE'")
    ready.sql("DELETE FROM weddings WHERE id = 'ZOE'")
    found = {alert["code"]: alert for alert in ready.json("status", code=4)["alerts"]}
    assert set(found) == {"verification-findings", "vanished"}
    assert found["verification-findings"]["subjects"] == [f"wedding/{EMMA}"]
    shown = ready.run("status").stdout
    assert shown.startswith("2 THINGS NEED YOU ")
    assert "1 wedding in the vault and not in the source any more" in shown
    assert [one["scope_id"] for one in ready.json("vanished", code=4)["vanished"]] == [ZOE]
    assert ready.run("vanished", "--accept", "--wedding", ZOE).exit_code == 2
    assert "accepted" in ready.done("vanished", "--accept", "--wedding", ZOE, "--reason", "moved away")
    assert ready.json("vanished")["accepted"][0]["reason"] == "moved away"
    assert {alert["code"] for alert in ready.json("status", code=4)["alerts"]} == {"verification-findings"}


def test_a_source_that_does_not_answer_needs_somebody_and_the_rest_is_still_shown(ready: Desk) -> None:
    fresh(ready)
    (ready.home / ".env").write_text("WEDSYNC_SOURCE_URL='postgresql://me:hush@127.0.0.1:1/nowhere'\n")
    ended = ready.run("status")
    assert ended.exit_code == 4
    assert "ERROR: The source cannot be read" in ended.stdout
    assert "5 recovery points, all held" in ended.stdout
    assert "vanished   unknown" in ended.stdout
    assert "hush" not in ended.stdout
    metrics = samples(ready.done("status", "--prometheus"))
    assert metrics['wedsync_readable{what="source"}'] == 0
    assert not any(name.startswith("wedsync_scopes") for name in metrics)


def test_metrics_parse_and_say_what_status_says(ready: Desk) -> None:
    fresh(ready)
    place = ready.home / "wedsync.prom"
    place.write_text("old")
    before = os.umask(0o077)
    try:
        assert ready.done("status", "--prometheus", str(place)) == ""
    finally:
        os.umask(before)
    metrics = samples(place.read_text())
    assert metrics['wedsync_scopes{kind="wedding",tier="day_of",state="within"}'] == 1
    assert metrics['wedsync_scopes{kind="wedding",tier="day_of",state="late"}'] == 0
    assert 0 <= metrics['wedsync_oldest_recovery_point_age_seconds{kind="wedding",tier="day_of"}'] < 300
    assert metrics['wedsync_objective_seconds{kind="wedding",tier="day_of"}'] == 300
    assert metrics['wedsync_alerts{severity="error"}'] == metrics["wedsync_findings"] == 0
    assert metrics["wedsync_last_drill_ok"] == 1
    assert metrics["wedsync_snapshots"] > 4
    assert metrics["wedsync_vault_disk_free_bytes"] <= metrics["wedsync_vault_disk_bytes"]
    assert abs(metrics["wedsync_status_timestamp_seconds"] - at_hand.now().timestamp()) < 60
    assert place.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in ready.home.glob("*prom*")] == ["wedsync.prom"]


def test_metrics_that_cannot_be_written_are_said_to_be(ready: Desk, tmp_path: Path) -> None:
    ended = ready.run("status", "--prometheus", str(tmp_path / "nowhere" / "a.prom"))
    assert ended.exit_code == 2
    assert "cannot be written" in ended.output


def test_it_looks_again_and_again_until_it_is_stopped(ready: Desk) -> None:
    with fresh(ready).start("status", "--watch", "1", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as watching:
        assert watching.stdout
        verdicts = 0
        for line in watching.stdout:
            verdicts += line.startswith(b"ALL WELL")
            if verdicts == 2:
                break
        watching.send_signal(signal.SIGINT)
        assert watching.wait(timeout=20) == 130


@pytest.mark.parametrize("broken", [True, False])
def test_channels_are_tried_and_no_secret_is_shown(desk: Desk, broken: bool) -> None:
    with web_server() as sink:
        port = 1 if broken else sink.port
        with (desk.home / ".env").open("a") as file:
            file.write(f"WEDSYNC_ALERTS=http://127.0.0.1:{port}/hush\n")
        assert "configured" in desk.done("alerts")
        ended = desk.run("alerts", "--test")
    assert ended.exit_code == (4 if broken else 0)
    assert ("sent" in ended.stdout) is not broken
    assert len(sink.bodies) == (0 if broken else 1)
    assert "hush" not in ended.output


def test_without_a_channel_nobody_is_told_and_that_is_said(desk: Desk) -> None:
    assert "nobody is told" in desk.json("alerts", code=2)["error"]
