"""The story of the README on the demo platform, with the real program."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

import wedsync_dr.demo
from wedsync_dr.demo.accident import destroy, picture
from wedsync_dr.demo.generate import wedding_of_tomorrow
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.settings import Settings, open_source
from wedsync_dr_tests.cli.conftest import Desk
from wedsync_dr_tests.conftest import WEDDINGS


@pytest.fixture
def office(tmp_path: Path, platform: str) -> Desk:
    rules = Path(wedsync_dr.demo.__file__).with_name("rules.toml")
    (tmp_path / ".env").write_text(f"WEDSYNC_SOURCE_URL='{platform}'\nWEDSYNC_RULES='{rules}'\n")
    return Desk(tmp_path, platform)


def program(desk: Desk, *arguments: str) -> Any:
    with desk.start(*arguments, "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        out, said = running.communicate()
    assert (running.returncode, said) == (0, b"")
    return json.loads(out)


def test_the_wedding_of_tomorrow_is_lost_and_comes_back_bit_for_bit_and_nothing_else_changes(office: Desk) -> None:
    source = open_source(Settings.from_environ({}, office.home / ".env"))
    tomorrow = ScopeId.of_key(Kind.WEDDING, wedding_of_tomorrow(office.url))
    program(office, "init")
    taken = program(office, "snapshot", "--all")
    assert taken["failed"] == []
    assert sum(one["kind"] == "wedding" for one in taken["snapshots"]) == WEDDINGS
    before = picture(source, tomorrow)
    lost = destroy(source, tomorrow)
    done = program(office, "restore", "--wedding", tomorrow.id, "--mode", "replace", "--apply")
    assert (done["verified"], done["rows"]["inserted"]) == (True, lost)
    assert picture(source, tomorrow).different(before) == []
    assert program(office, "verify")["findings"] == []
