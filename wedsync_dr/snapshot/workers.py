"""Shares of a batch in several processes, all at the instant that the first one exported."""

import multiprocessing
from collections import deque
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess

from wedsync_dr.errors import DisasterRecoveryError, SourceUnreachable
from wedsync_dr.model import Progress
from wedsync_dr.scope.survey import Source, Survey, survey
from wedsync_dr.snapshot.seal import BatchFacts
from wedsync_dr.snapshot.share import Failed, Share, Taken, take_share
from wedsync_dr.vault.archive import Archive

Results = list[Taken | Failed]


@dataclass(frozen=True)
class _Job:
    source: Source
    archive: Archive
    exported: str
    facts: BatchFacts


def take_in_processes(
    source: Source,
    archive: Archive,
    seen: Survey,
    shares: list[Share],
    facts: BatchFacts,
    progress: Progress,
    workers: int,
) -> Results:
    """Take every share, `workers` of them at a time.

    What stops one process stops the batch; its error is raised here.
    """
    job = _Job(source, archive, seen.reader.export(), facts)
    crew = _Crew(job, deque(shares), progress)
    try:
        crew.start(workers)
        return crew.work()
    finally:
        crew.end()


class _Crew:
    def __init__(self, job: _Job, waiting: deque[Share], progress: Progress) -> None:
        self._job, self._waiting, self._progress = job, waiting, progress
        self._scopes = sum(len(share.scopes) for share in waiting)
        self._sealed: dict[int, int] = {}
        self._finished = 0
        self._context: SpawnContext = multiprocessing.get_context("spawn")
        self._processes: list[SpawnProcess] = []
        self._lines: list[Connection] = []

    def start(self, workers: int) -> None:
        for _ in range(min(workers, len(self._waiting))):
            here, there = self._context.Pipe()
            process = self._context.Process(target=_work, args=(there, self._job), daemon=True)
            process.start()
            there.close()
            self._processes.append(process)
            self._lines.append(here)
            here.send(self._waiting.popleft())

    def work(self) -> Results:
        results: Results = []
        busy = set(self._lines)
        while busy:
            for line in wait(list(busy)):
                assert isinstance(line, Connection)  # noqa: S101
                if self._hear(line, results):
                    busy.discard(line)
        return results

    def _hear(self, line: Connection, results: Results) -> bool:
        """One message of one process; True once it has nothing left to do."""
        try:
            message = line.recv()
        except EOFError:
            raise SourceUnreachable(
                "A snapshot process ended without a word.", remedy="Look for an out-of-memory kill; run it again."
            ) from None
        if isinstance(message, DisasterRecoveryError):
            raise message
        if isinstance(message, tuple):
            self._show(line, *message)
            return False
        results += message
        self._sealed[line.fileno()] = 0
        self._finished += len(message)
        if self._waiting:
            line.send(self._waiting.popleft())
            return False
        line.send(None)
        return True

    def _show(self, line: Connection, stage: str, done: int, total: int) -> None:
        if stage != "sealing":
            self._progress(stage, done, total)
            return
        self._sealed[line.fileno()] = done
        self._progress(stage, self._finished + sum(self._sealed.values()), self._scopes)

    def end(self) -> None:
        for line in self._lines:
            line.close()
        for process in self._processes:
            process.join(5)
            if process.is_alive():
                process.terminate()
                process.join()


def _work(line: Connection, job: _Job) -> None:
    """The life of a process: shares come in, results go out, until None comes in or the other end is gone."""

    def progress(stage: str, done: int, total: int) -> None:
        line.send((stage, done, total))

    try:
        with survey(job.source, job.exported) as seen:
            while (share := line.recv()) is not None:
                line.send(take_share(job.source, job.archive, seen, share, job.facts, progress))
    except DisasterRecoveryError as error:
        line.send(error)
    except (KeyboardInterrupt, EOFError, BrokenPipeError):
        return
