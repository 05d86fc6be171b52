"""The demo: the whole story told on an embedded PostgreSQL, and `up`: the same deployment left open."""

import json as json_format
import signal
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wedsync_dr.demo import deployment
from wedsync_dr.demo.accident import destroy
from wedsync_dr.demo.chapters import CHAPTERS, UP, Chapter
from wedsync_dr.demo.deployment import Deployment
from wedsync_dr.demo.generate import wedding_of_tomorrow
from wedsync_dr.demo.graphql import DagsterRefused
from wedsync_dr.demo.scene import Scene, StoryBroke
from wedsync_dr.demo.watch import Watch
from wedsync_dr.errors import DisasterRecoveryError, SettingsInvalid
from wedsync_dr.model import Kind, Progress, ScopeId, silent
from wedsync_dr.scope.survey import Source
from wedsync_dr.settings import Settings, open_source

ENDED = "every process is ended"


@dataclass(frozen=True)
class Step:
    """A chapter: whether it held, how long it took, and what was seen."""

    name: str
    ok: bool
    seconds: float
    detail: str


@dataclass(frozen=True)
class Summary:
    """How the story went. `ok` only if every chapter was told and held."""

    steps: tuple[Step, ...]
    seconds: float
    chapters: int = len(CHAPTERS) + 1

    @property
    def ok(self) -> bool:
        return len(self.steps) == self.chapters and all(step.ok for step in self.steps)

    def to_json(self) -> dict[str, Any]:
        """What `.wedsync/demo.json` holds."""
        return {"ok": self.ok, "seconds": round(self.seconds, 1), "steps": [asdict(step) for step in self.steps]}


def run(
    home: Path,
    *,
    weddings: int = 300,
    seed: int = 1,
    json: bool = False,
    pg_bin: Path | None = None,
    progress: Progress = silent,
) -> Summary:
    """Tell the story in a fresh `home/demo`; writes `home/demo.json` and prints a table, or with `json` that file.

    Whatever happens, every process that was started has ended when this returns or raises.
    """
    started = time.monotonic()
    deployment.remove(home / "demo")
    steps: list[Step] = []
    stage = Deployment(home / "demo", pg_bin)
    with _terminable(), closing(_played(stage, weddings, seed, progress)) as played:
        for step in played:
            steps.append(step)
            _say("" if json else f"{_verdict(step)} {step.name}")
    summary = Summary(tuple(steps), time.monotonic() - started)
    text = json_format.dumps(summary.to_json(), indent=2)
    (home / "demo.json").write_text(text + "\n")
    _say(text if json else _table(summary))
    return summary


def up(
    home: Path,
    *,
    weddings: int = 300,
    seed: int = 1,
    workers: int = 0,
    pg_bin: Path | None = None,
    progress: Progress = silent,
) -> None:
    """Open `home/up` (made at the first call) and leave it open until Ctrl-C, which ends every process.

    What crashes meanwhile is started again. With `workers` runs are taken by so many of Celery's.
    """
    with _terminable(), Deployment(home / "up", pg_bin, workers) as stage:
        scene = Scene(stage, progress, weddings, seed)
        for name, chapter in UP:
            _say(f"{name}: {chapter(scene)}")
        settings, port = stage.write_settings(), stage.start_api()
        _say(f"The API is open: http://127.0.0.1:{port}/openapi.json")
        _say(f"  a token for it: cd {_near(settings.parent)} && wedsync-dr tokens create --role viewer --name me")
        _say(f"The command line reaches it from another terminal: cd {_near(settings.parent)} && wedsync-dr snapshots")
        _say(f"Dagster's UI is open: http://127.0.0.1:{stage.dagster.port}   (Ctrl-C ends everything)")
        watch = Watch(stage.parts(), _say)
        with suppress(KeyboardInterrupt):
            while True:
                time.sleep(1)
                watch.look(time.monotonic())
        _say("Ending every process; the platform stays for the next time.")


def open_platform(home: Path) -> Source:
    """The platform that `up` has open, whatever the settings name. Raises SettingsInvalid where it is not open."""
    file = home / "up" / ".env"
    if not file.is_file():
        raise SettingsInvalid("There is no platform of `up` here.", remedy="Run `make up` in another terminal first.")
    return open_source(Settings.from_environ({}, file))


def lose(home: Path) -> tuple[ScopeId, int]:
    """Delete every row of the wedding of tomorrow in the platform that `up` has open; which, and how many rows.

    It touches no other database, whatever the settings name. Raises SettingsInvalid where `up` is not open.
    """
    source = open_platform(home)
    wedding = ScopeId.of_key(Kind.WEDDING, wedding_of_tomorrow(source.url))
    return wedding, destroy(source, wedding)


def remove(home: Path) -> None:
    """End what was left running by a killed `demo` or `up`, and remove everything of both."""
    for name in ("demo", "up"):
        deployment.remove(home / name)
    (home / "demo.json").unlink(missing_ok=True)


def _played(stage: Deployment, weddings: int, seed: int, progress: Progress) -> Generator[Step, None, None]:
    """The chapters on a stage, and last whether the stage is empty again."""
    with stage:
        yield from _told(Scene(stage, progress, weddings, seed))
        told = time.monotonic()
    yield Step(ENDED, stage.at_rest(), round(time.monotonic() - told, 2), "PostgreSQL, webserver, daemon")


def _told(scene: Scene) -> Iterator[Step]:
    """The chapters one by one; the first that does not hold is the last."""
    for name, chapter in CHAPTERS:
        step = _tell(name, chapter, scene)
        yield step
        if not step.ok:
            return


def _tell(name: str, chapter: Chapter, scene: Scene) -> Step:
    started = time.monotonic()
    try:
        ok, detail = True, chapter(scene)
    except (StoryBroke, DagsterRefused) as broke:
        ok, detail = False, str(broke)
    except DisasterRecoveryError as error:
        ok, detail = False, f"{error} ({error.remedy})"
    return Step(name, ok, round(time.monotonic() - started, 2), detail)


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends the story like Ctrl-C does, so that nothing is left running."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(*_: object) -> None:
    raise KeyboardInterrupt


def _verdict(step: Step) -> str:
    return "ok  " if step.ok else "FAIL"


def _line(step: Step) -> str:
    return f"{_verdict(step)} {step.name:<22} {step.seconds:7.1f} s  {step.detail}"


def _table(summary: Summary) -> str:
    """The last lines: everything once more where it can be read at a glance."""
    verdict = "Every step held." if summary.ok else "A step did not hold; the logs are in .wedsync/demo."
    rule = "-" * 100
    return "\n".join([rule, *map(_line, summary.steps), rule, f"{verdict} {summary.seconds:.0f} s"])


def _near(path: Path) -> Path:
    """The path as a person in this directory writes it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _say(text: str) -> None:
    if text:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
