"""The runbook has a heading for everything that an operator can meet, and for nothing else."""

import inspect
import re
from functools import cache
from pathlib import Path

import click
import pytest

from wedsync_dr import errors
from wedsync_dr.access.roles import RIGHTS, Right, Role
from wedsync_dr.alerts.alert import AlertCode
from wedsync_dr.cli.exits import EXIT_CODES, MEANINGS
from wedsync_dr.cli.main import COMMANDS, cli
from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.model import FindingCode
from wedsync_dr.pack.mapping import SECTIONS
from wedsync_dr.settings import NAMES

RUNBOOK = Path(__file__).parent.parent / "docs" / "runbook.md"


def _errors() -> set[str]:
    found = inspect.getmembers(errors, inspect.isclass)
    return {name for name, kind in found if issubclass(kind, DisasterRecoveryError)}


CHAPTERS = {
    "Errors": _errors(),
    "Findings": {code.value for code in FindingCode},
    "Alerts": {code.value for code in AlertCode},
    "Settings": set(NAMES),
    "Commands": {f"wedsync-dr {name}" for name in COMMANDS},
}


@cache
def chapters() -> dict[str, dict[str, str]]:
    """The text under each `###` heading, by chapter."""
    found: dict[str, dict[str, str]] = {}
    for chapter in RUNBOOK.read_text(encoding="utf-8").split("\n## ")[1:]:
        title, _, text = chapter.partition("\n")
        sections = (part.partition("\n") for part in text.split("\n### ")[1:])
        found[title] = {heading.strip(): body.strip() for heading, _, body in sections}
    return found


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_runbook_has_a_heading_for_each_and_none_for_what_is_not_there(chapter: str) -> None:
    assert set(chapters()[chapter]) == CHAPTERS[chapter]


@pytest.mark.parametrize("name", sorted(_errors()))
def test_an_error_is_explained_with_its_exit_code_and_a_next_step(name: str) -> None:
    text = chapters()["Errors"][name]
    assert text.startswith(f"Exit code {EXIT_CODES[getattr(errors, name)]}.")
    assert "\nDo: " in text


@pytest.mark.parametrize("code", list(FindingCode))
def test_a_finding_is_explained_with_a_next_step(code: FindingCode) -> None:
    assert "\nDo: " in chapters()["Findings"][code.value]


@pytest.mark.parametrize("code", list(AlertCode))
def test_an_alert_is_explained_with_a_next_step(code: AlertCode) -> None:
    assert "\nDo: " in chapters()["Alerts"][code.value]


@pytest.mark.parametrize("chapter", ["Settings", "Commands"])
def test_no_heading_stands_alone(chapter: str) -> None:
    assert all(len(text) > 40 for text in chapters()[chapter].values())


def test_what_a_pack_can_show_is_listed_section_by_section() -> None:
    rows = re.findall(r"^\| `\[pack\.(\w+)\]` \| (.+?) \|(.*?)\|", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    listed = {name: tuple(re.findall(r"`(\w+)`", columns + lists)) for name, columns, lists in rows}
    assert listed == {name: (*spec.columns, *spec.lists) for name, spec in SECTIONS.items()}
    needed = {name: tuple(re.findall(r"\*\*`(\w+)`", columns)) for name, columns, _ in rows}
    assert needed == {name: spec.needed for name, spec in SECTIONS.items()}


def test_the_exit_codes_are_those_of_the_program() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    assert {int(code): meaning for code, meaning in rows} == MEANINGS


def test_the_runbook_names_no_command_or_option_that_does_not_exist() -> None:
    text = RUNBOOK.read_text(encoding="utf-8")
    for command, rest in re.findall(r"`wedsync-dr (\w+)([^`]*)`", text):
        assert command in COMMANDS
        known = options_of(command)
        assert set(re.findall(r"--[a-z-]+", rest)) <= known, (command, rest)


def options_of(command: str) -> set[str]:
    """Every option of a command and of its own commands."""
    found = cli.get_command(click.Context(cli), command)
    nested = [found, *(found.commands.values() if isinstance(found, click.Group) else ())]
    return {option for part in nested if part for parameter in part.params for option in parameter.opts} | {"--help"}


def test_the_table_of_roles_is_the_one_that_is_enforced() -> None:
    text = RUNBOOK.read_text(encoding="utf-8")
    head = next(line for line in text.splitlines() if line.startswith("| role | read |"))
    rights = [cell.strip() for cell in head.strip("|").split("|")[1:]]
    said = {}
    for role in Role:
        line = next(line for line in text.splitlines() if line.startswith(f"| {role.value} |"))
        cells = [cell.strip() for cell in line.strip("|").split("|")[1:]]
        said[role] = {right for right, cell in zip(rights, cells, strict=True) if cell == "yes"}
    assert said == {role: set(held) for role, held in RIGHTS.items()}
    assert set(rights) == set(Right)
