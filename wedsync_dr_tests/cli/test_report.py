"""`wedsync-dr report`: made here, checked anywhere; an auditor's questions, answered on one page each."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from wedsync_dr.audit.pdf import find_chromium
from wedsync_dr.cli import at_hand
from wedsync_dr.cli.main import cli
from wedsync_dr.errors import ToolMissing
from wedsync_dr_tests.cli.conftest import EMMA, SECRET_NAME, Desk


def today() -> str:
    return at_hand.now().date().isoformat()


@pytest.fixture
def reported(ready: Desk) -> Desk:
    """A desk with a report of today in `out`, and the public key in `key.pem`."""
    ready.json("report", "--from", today(), "--to", today(), "--out", "out", code=4)
    ready.done("report", "public-key", "--output", "key.pem")
    return ready


def elsewhere(*arguments: str) -> tuple[int, str]:
    """The command where nothing is set: another machine."""
    ended = CliRunner(env={"WEDSYNC_KEYRING_URL": "file:///nowhere"}).invoke(cli, ["report", "verify", *arguments])
    return ended.exit_code, ended.output


def test_a_report_names_its_verdict_its_files_and_its_entry_and_shows_nobody(reported: Desk) -> None:
    said = reported.json("report", "--from", today(), "--out", "again", code=4)
    assert not said["good"]
    assert any("drill" in reason for reason in said["reasons"])
    assert {"report.html", "figures.json", "manifest.json", "batches.csv"} <= set(said["files"])
    newest = reported.json("ledger", "list")["entries"][-1]
    assert (newest["sequence"], newest["event"]) == (said["ledger_entry"], "reported")
    assert newest["body"]["manifest"] == said["manifest"]
    for path in (reported.home / "again").iterdir():
        assert SECRET_NAME.encode() not in path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0


def test_without_a_period_it_is_last_month_in_a_folder_of_its_own(ready: Desk) -> None:
    first = at_hand.now().date().replace(day=1)
    said = ready.json("report", code=4)
    assert said["period"].endswith((first - timedelta(days=1)).isoformat())
    assert (ready.home / said["folder"] / "report.html").exists()


def test_a_folder_with_files_is_left_alone(reported: Desk) -> None:
    before = (reported.home / "out" / "report.html").read_bytes()
    ended = reported.run("report", "--from", today(), "--out", "out")
    assert ended.exit_code == 5
    assert (reported.home / "out" / "report.html").read_bytes() == before


def test_another_machine_needs_the_public_key_and_nothing_else(reported: Desk, tmp_path: Path) -> None:
    for name in (".env", "rules.toml", ".wedsync"):
        place = reported.home / name
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    for path in ("out", "out/report.html", "out/manifest.json"):
        code, said = elsewhere(path, "--public-key", "key.pem")
        assert code == 0, said
    code, said = elsewhere("out")
    assert code == 4
    assert "nobody vouches for" in said


def test_a_figure_that_was_changed_is_named(reported: Desk) -> None:
    path = reported.home / "out" / "figures.json"
    path.write_text(path.read_text().replace('"title"', '"titel"', 1))
    code, said = elsewhere("out", "--public-key", "key.pem", "--json")
    assert code == 4
    assert json.loads(said)["faults"] == [{"file": "figures.json", "what": "it is not the file that was signed"}]


def test_pdf_without_chromium_is_refused_before_anything_is_written(
    ready: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(ready.home))
    ended = ready.run("report", "--out", "out", "--pdf")
    assert ended.exit_code == 2
    assert "no Chromium" in ended.stderr
    assert not (ready.home / "out").exists()
    with pytest.raises(ToolMissing):
        find_chromium()


def test_a_restore_is_on_the_page_with_who_approved_it(ready: Desk) -> None:
    ready.sql("DELETE FROM guests WHERE wedding_id = 'EMMA'")
    ready.done("restore", "--wedding", EMMA, "--mode", "merge", "--apply")
    said = ready.json("report", "restores", "--from", today(), "--out", "restores.html", code=4)
    assert said["verdict"] == "1 restore, 1 of them without an approval by somebody else"
    assert ready.run("report", "verify", "restores.html").exit_code == 4
    ready.done("report", "public-key", "--output", "key.pem")
    ready.done("report", "verify", "restores.html", "--public-key", "key.pem")
    assert "command line" in ready.run("report", "restores", "--from", today()).output


def test_a_wedding_is_proven_recoverable_once_somebody_read_it(ready: Desk) -> None:
    question = ("report", "recoverable", "--wedding", EMMA, "--on", today())
    assert ready.json(*question, code=4)["verdict"].startswith("Not proven")
    ready.done("verify")
    assert ready.json(*question)["verdict"].startswith("Yes")
    assert ready.json(*question[:-1], "2020-01-01", code=4)["verdict"].startswith("No:")
    assert "has not come yet" in ready.run(*question[:-1], "2999-01-01").output


def test_an_erasure_that_never_was_is_said_to_be_none(ready: Desk) -> None:
    said = ready.json("report", "erasure", "--wedding", EMMA, code=4)
    assert said["verdict"] == "Not erased: no erasure of it is in the ledger"
