"""docs/wedsync-interface.md is true: its commands work, its places exist, its scenarios are played."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from wedsync_dr.api.once import Launcher
from wedsync_dr.demo.generate import wedding_of_tomorrow
from wedsync_dr_tests.api.in_process import InProcessRuns
from wedsync_dr_tests.api.running import running
from wedsync_dr_tests.cli.conftest import Desk
from wedsync_dr_tests.conftest import RULES

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "wedsync-interface.md"
COMMAND = re.compile(r"`wedsync-dr (?P<line>[a-z][^`]*)`")
PLAYED = re.compile(r"`(test_\d\d)`")


def table(heading: str) -> list[list[str]]:
    """The rows of the table under a heading, without its head."""
    section = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("|")
    ]
    return rows[2:]


@pytest.fixture
def office(platform: str, first_night: Path, tmp_path: Path) -> Desk:
    """A desk on the day after the first night of the demo platform."""
    shutil.copytree(first_night, tmp_path / ".wedsync")
    (tmp_path / ".env").write_text(f"WEDSYNC_SOURCE_URL='{platform}'\nWEDSYNC_RULES='{RULES}'\n", encoding="utf-8")
    return Desk(tmp_path, platform)


def test_every_place_that_is_named_exists() -> None:
    named = set(re.findall(r"`((?:wedsync_dr|wedsync_dr_tests|docs)/[^`*]*)`", PAGE.read_text(encoding="utf-8")))
    assert len(named) > 15
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_every_scenario_is_played_or_has_its_reason() -> None:
    rows = table("Scenarios")
    assert [row[0] for row in rows] == [str(number) for number in range(1, 34)]
    tests = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "wedsync_dr_tests" / "scenarios").glob("*.py")
    )
    played = [name for row in rows for name in PLAYED.findall(row[2])]
    assert [name for name in played if f"def {name}_" not in tests] == []
    assert len(played) == len(set(re.findall(r"def (test_\d\d)_", tests)))
    silent = [
        row[0] for row in rows if not PLAYED.search(row[2]) and not re.match(r"not here: |`wedsync_dr_tests/", row[2])
    ]
    assert silent == []


def test_every_command_does_what_the_page_says(office: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(office.home)
    ((vendor,),) = office.sql("SELECT id::text FROM organizations ORDER BY id LIMIT 1")
    words = {"$WEDDING": wedding_of_tomorrow(office.url), "$VENDOR": vendor}
    lines = [
        match["line"] for name in ("Endpoints", "Services") for row in table(name) for match in COMMAND.finditer(row[2])
    ]
    assert len(lines) >= 10
    for line in lines:
        arguments = [words.get(word, word) for word in line.split()]
        assert office.run(*arguments).exit_code == 0, line


def test_every_request_is_answered_by_a_running_api(database: str) -> None:
    asked = [match.groups() for row in table("Endpoints") for match in re.finditer(r"`(GET) (/[^`]*)`", row[2])]
    assert len(asked) == 5
    with running(database) as api:
        token = api.token()
        api.app.state.site = replace(api.site, launcher=Launcher(InProcessRuns(api)))
        api.site.standing.refresh()
        answers = {path: api.call(method, path, token).status_code for method, path in asked}
        described = api.get("/openapi.json").json()["paths"]
    assert {path.strip("`") for path, *_ in table("Endpoints")} <= set(described)
    assert answers == dict.fromkeys(answers, 200)
