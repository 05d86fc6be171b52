"""A deployment that is at work, and somebody who kills processes of it in the middle of a batch."""

import os
import re
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from wedsync_dr.demo import chapters
from wedsync_dr.demo.deployment import CODE_SERVER, Deployment
from wedsync_dr.demo.graphql import DagsterRefused
from wedsync_dr.demo.scene import Scene
from wedsync_dr.demo.watch import Watch
from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.model import Kind, silent, utc_text
from wedsync_dr.schedule.due import decide
from wedsync_dr.schedule.policy import DEFAULT
from wedsync_dr.snapshot.candidates import candidates
from wedsync_dr.snapshot.take import take
from wedsync_dr.source.session import connect
from wedsync_dr.verification.verify import verify
from wedsync_dr_tests.conftest import WEDDINGS

_MESSAGES = """
query ($id: ID!) { runOrError(runId: $id) {
    __typename
    ... on Run { eventConnection { events { ... on MessageEvent { message } } } } } }
"""
PATIENCE_S = 180.0  # a quiet machine needs a tenth of it


class Play:
    """A deployment that `up` would watch, protected since last night, and somebody who kills."""

    def __init__(self, stage: Deployment, weddings: int = WEDDINGS) -> None:
        self.stage = stage
        self.scene = Scene(stage, silent, weddings=weddings, seed=5)
        self.said: list[str] = []
        chapters.a_platform(self.scene)
        chapters.keys_and_vault(self.scene)
        now = stage.now()
        assert not take(stage.source(), stage.archive(), None, now=now, requested_by="last night").failed
        chapters.dagster_runs(self.scene)
        self._watch = Watch(stage.parts(), self.said.append)

    def strike(self, victims: Callable[[str], list[int]]) -> None:
        """Kill somebody while a run that takes all weddings is amid its batch; tomorrow's couple has edited theirs.

        Who is killed may depend on which run it is.
        """
        while True:
            self.edit(self.scene.wedding.id)
            run_id = self._launch()
            stopped = self._stop_workers()
            if self._open_batches() and not self._all_taken():
                break
            _send(signal.SIGCONT, stopped)
        _send(signal.SIGKILL, victims(run_id))
        _send(signal.SIGCONT, stopped)

    def until(self, seen: Callable[[], bool], pause: float = 0.5) -> None:
        """Wait until something is seen; what is down meanwhile cannot be asked."""
        deadline = time.monotonic() + PATIENCE_S
        while not _tried(seen):
            assert time.monotonic() < deadline, self.said
            self._watch.look(time.monotonic())
            time.sleep(pause)

    def made_good(self) -> bool:
        """Whether every wedding was taken since, nothing is late by what `wedsync-dr due` says, and nothing is left."""
        return self._all_taken() and not self._open_batches() and self._nothing_late() and self._clean()

    def workers(self) -> list[int]:
        """The processes that runs are at work in: the children of the code server."""
        (server,) = [one.child.pid for one in self.stage.started() if one.name == CODE_SERVER and one.alive]
        return [pid for pid in children(server) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    def wave(self, weddings: list[str]) -> str:
        """Start a run that takes the weddings."""
        form = {"ops": {"snapshot_scopes": {"config": {"weddings": weddings}}}}
        return self.scene.dagster.launch("snapshot_wave", form)

    def pid_of(self, run_id: str) -> int:
        """The process that took the run up last; 0 where none did yet."""
        events = self.scene.dagster.ask(_MESSAGES, id=run_id)["runOrError"]["eventConnection"]["events"]
        found = re.findall(r"Started process for run \(pid: (\d+)\)", str(events))
        return int(found[-1]) if found else 0

    def edit(self, *weddings: str) -> None:
        """Couples change something."""
        self._edited = self.stage.now()
        with connect(self.stage.source().url, name="a couple") as connection:
            statement = "UPDATE public.weddings SET title = title || '!' WHERE id::text = ANY(%s)"
            connection.execute(statement, [list(weddings)])

    def _launch(self) -> str:
        """The webserver forgets connections that PostgreSQL's end has broken, one by one as it tries to use them."""
        launched: list[str] = []

        def launch() -> bool:
            launched.append(self.wave(self.scene.ids(Kind.WEDDING)))
            return True

        self.until(launch)
        return launched[0]

    def _stop_workers(self) -> list[int]:
        """As soon as a batch begins: it takes half a second."""
        ledger = self.stage.home / "vault" / "ledger"
        known = len(os.listdir(ledger))
        self.until(lambda: b"batch-started" in _newest(ledger, known), pause=0.01)
        return _send(signal.SIGSTOP, self.workers())

    def _open_batches(self) -> set[str]:
        return self.stage.archive().ledger.known().open_batches

    def _all_taken(self) -> bool:
        current = self.stage.archive().ledger.known().current
        weddings = [scope for scope in current if scope.kind is Kind.WEDDING]
        return len(weddings) == self.scene.weddings and all(current[one] > utc_text(self._edited) for one in weddings)

    def _nothing_late(self) -> bool:
        now = self.stage.now()
        found = candidates(self.stage.source(), self.stage.archive(), DEFAULT, now, look=True)
        return not any(due.late for due in decide(found, DEFAULT, now))

    def _clean(self) -> bool:
        archive = self.stage.archive()
        return not list(archive.vault.unfinished()) and verify(archive).intact


def _tried(seen: Callable[[], bool]) -> bool:
    try:
        return seen()
    except (DagsterRefused, DisasterRecoveryError):
        return False


def _newest(ledger: Path, known: int) -> bytes:
    """The last entry, where there are more than those that are known."""
    names = os.listdir(ledger)
    return (ledger / max(names)).read_bytes() if len(names) > known else b""


def _send(number: int, pids: list[int]) -> list[int]:
    """Signal whoever of them is there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
    return pids


def children(pid: int) -> list[int]:
    found = [(task / "children").read_text().split() for task in Path(f"/proc/{pid}/task").iterdir()]
    return [int(child) for children in found for child in children]
