"""The runbook's disaster pages, to be followed word by word: what stands in their code blocks is done, in order."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from click.testing import CliRunner

from wedsync_dr.cli.main import cli
from wedsync_dr.settings import NAMES

RUNBOOK = Path(__file__).parent.parent.parent / "docs" / "runbook.md"
_BLOCK = re.compile(r"^```(sh|sql)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ENDS = re.compile(r"\s+# exit code (\d+).*$")
_SHELL = set("$|<>;&*")
_PROGRAM = '#!/bin/sh\nexec {python} -c "{code}" "$@"\n'
_CODE = "import sys; sys.modules['dagster'] = None; from wedsync_dr.cli.main import main; main()"


def pages() -> dict[str, str]:
    """The pages of the chapter, by their titles."""
    chapter = RUNBOOK.read_text(encoding="utf-8").partition("\n## Disasters\n")[2].partition("\n## ")[0]
    parts = (part.partition("\n") for part in chapter.split("\n### ")[1:])
    return {title.strip(): text for title, _, text in parts}


@dataclass(frozen=True)
class Step:
    """One command or statement, and the exit code that the page says it ends with."""

    language: str
    text: str
    code: int = 0


def steps(page: str, words: Mapping[str, str]) -> Iterator[Step]:
    """What a page says to do, with its words in capitals filled in."""
    for language, block in _BLOCK.findall(page):
        for word, value in words.items():
            block = re.sub(rf"\b{word}\b", value.replace("\\", r"\\"), block)
        if language == "sql":
            yield Step(language, block)
            continue
        for line in block.replace("\\\n", " ").splitlines():
            ends = _ENDS.search(line)
            yield Step(language, line[: ends.start()] if ends else line, int(ends[1]) if ends else 0)


@dataclass
class Follower:
    """Somebody who does what a page says, in a working directory, on a server.

    What the shell has no part in is done in this process, unless everything is to be done by the `real` program.
    """

    home: Path
    server_url: str
    real: bool = False
    environment: dict[str, str] = field(default_factory=dict)

    def follow(self, title: str, **words: str) -> list[str]:
        """Do every step; the outputs. A step that does not end as the page says ends the test."""
        return [self._do(step) for step in steps(pages()[title], words)]

    def _do(self, step: Step) -> str:
        if step.language == "sql":
            with psycopg.connect(self.server_url, autocommit=True) as connection:
                connection.execute(step.text.encode())
            return ""
        exported = re.fullmatch(r"export (\w+)=(.*)", step.text)
        if exported:
            self.environment[exported[1]] = exported[2].replace("$PWD", str(self.home))
            return ""
        plain = step.text.startswith("wedsync-dr ") and not _SHELL & set(step.text)
        code, output = self._here(step.text) if plain and not self.real else self._in_shell(step.text)
        assert code == step.code, f"{step.text}\n{output}"
        return output

    def _here(self, command: str) -> tuple[int, str]:
        unset: dict[str, str | None] = dict.fromkeys(NAMES)
        ended = CliRunner(env=unset | self.environment).invoke(cli, shlex.split(command)[1:], catch_exceptions=False)
        return ended.exit_code, ended.output

    def _in_shell(self, command: str) -> tuple[int, str]:
        """With the real program, on a machine without Dagster."""
        program = self.home / "bin" / "wedsync-dr"
        if not program.exists():
            program.parent.mkdir()
            program.write_text(_PROGRAM.format(python=shlex.quote(sys.executable), code=_CODE))
            program.chmod(0o700)
        environment = {
            "PATH": f"{program.parent}:{os.defpath}",
            "PYTHONPATH": str(RUNBOOK.parent.parent),
            **self.environment,
        }
        words = ["/bin/sh", "-ec", command]
        ended = subprocess.run(words, cwd=self.home, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        return ended.returncode, ended.stdout + ended.stderr
