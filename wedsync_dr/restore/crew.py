"""Processes that carry out the tasks of a recovery, one at a time each."""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Protocol

from wedsync_dr.errors import DisasterRecoveryError, SourceUnreachable
from wedsync_dr.restore.loading import Done, Hand
from wedsync_dr.restore.reading import ScopeReader
from wedsync_dr.snapshot.content import TableContent
from wedsync_dr.source.session import connect
from wedsync_dr.vault.archive import Archive

Result = Done | TableContent


class Task(Protocol):
    """Something that a process does with its session; sent to it, so made of plain values."""

    def run(self, hand: Hand) -> Result: ...


@dataclass(frozen=True)
class _Post:
    url: str
    archive: Archive
    replica: bool


class Crew(Protocol):
    """Who carries out tasks."""

    def run(self, tasks: Iterable[Task], done: Callable[[int, Result], None]) -> None:
        """Carry out all tasks, the first ones first; `done` hears of each by its number. Raises what stops one."""

    def end(self) -> None:
        """Nothing is carried out any more; what is not committed is lost."""


def crew_of(workers: int, url: str, archive: Archive, *, replica: bool) -> Crew:
    """A crew of so many processes; with none, this process does it all."""
    return _Processes(url, archive, replica=replica, workers=workers) if workers else _Alone(url, archive, replica)


class _Alone:
    """This process, with a session of its own."""

    def __init__(self, url: str, archive: Archive, replica: bool) -> None:
        self._hand = Hand(connect(url, name="wedsync-dr recovery"), ScopeReader(archive), replica=replica)

    def run(self, tasks: Iterable[Task], done: Callable[[int, Result], None]) -> None:
        for number, task in enumerate(tasks):
            done(number, task.run(self._hand))

    def end(self) -> None:
        self._hand.connection.close()


class _Processes:
    """Some processes, started at once so that they are ready when there is work."""

    def __init__(self, url: str, archive: Archive, *, replica: bool, workers: int) -> None:
        context: SpawnContext = multiprocessing.get_context("spawn")
        self._processes: list[SpawnProcess] = []
        self._lines: list[Connection] = []
        for _ in range(workers):
            here, there = context.Pipe()
            process = context.Process(target=_work, args=(there, _Post(url, archive, replica)), daemon=True)
            process.start()
            there.close()
            self._processes.append(process)
            self._lines.append(here)

    def run(self, tasks: Iterable[Task], done: Callable[[int, Result], None]) -> None:
        waiting = deque(enumerate(tasks))
        at_work: dict[Connection, int] = {}
        for line in self._lines:
            _next(line, waiting, at_work)
        while at_work:
            for line in [line for line in wait(list(at_work)) if isinstance(line, Connection)]:
                number, result = at_work.pop(line), _heard(line)
                _next(line, waiting, at_work)
                done(number, result)

    def end(self) -> None:
        for line in self._lines:
            line.close()
        for process in self._processes:
            process.join(5)
            if process.is_alive():
                process.terminate()
                process.join()


def _next(line: Connection, waiting: deque[tuple[int, Task]], at_work: dict[Connection, int]) -> None:
    if waiting:
        at_work[line], task = waiting.popleft()
        line.send(task)


def _heard(line: Connection) -> Result:
    try:
        message = line.recv()
    except (EOFError, ConnectionResetError):
        remedy = "Look for an out-of-memory kill; give the same command again: it goes on where it stopped."
        raise SourceUnreachable("A process of the recovery ended without a word.", remedy=remedy) from None
    if isinstance(message, DisasterRecoveryError):
        raise message
    assert isinstance(message, Done | TableContent)  # noqa: S101
    return message


def _work(line: Connection, post: _Post) -> None:
    """The life of a process: tasks come in, results go out, until the other end is gone."""
    try:
        with connect(post.url, name="wedsync-dr recovery") as connection:
            hand = Hand(connection, ScopeReader(post.archive), replica=post.replica)
            while True:
                line.send(line.recv().run(hand))
    except DisasterRecoveryError as error:
        line.send(error)
    except (KeyboardInterrupt, EOFError, BrokenPipeError, ConnectionResetError):
        return
