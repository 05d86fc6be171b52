"""Who carries out the tasks of a recovery: other processes, or this one; each task in a session that stays open."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from wedsync_dr.restore.loading import Done, Hand
from wedsync_dr.restore.reading import ScopeReader
from wedsync_dr.snapshot.content import TableContent
from wedsync_dr.snapshot.pool import process_pool
from wedsync_dr.source.session import connect
from wedsync_dr.vault.archive import Archive

Result = Done | TableContent


class Task(Protocol):
    """Something that a process does with its session; sent to it, so made of plain values."""

    def run(self, hand: Hand) -> Result: ...


class Crew(Protocol):
    """Carries out tasks."""

    def run(self, tasks: Iterable[Task], done: Callable[[int, Result], None]) -> None:
        """Carry out all tasks, the first ones first; `done` hears of each by its number. Raises what stops one."""


@contextmanager
def crew_of(workers: int, url: str, archive: Archive, *, replica: bool) -> Iterator[Crew]:
    """A crew of so many processes; with none, this process does it all. What is not committed in the end is lost."""
    post = _Post(url, archive, replica)
    if workers:
        with process_pool(workers, _begin, post) as pool:
            pool.warm()
            yield _Crew(lambda tasks: pool.map(_in_process, tasks))
        return
    try:
        yield _Crew(lambda tasks: ((number, task.run(post.hand)) for number, task in tasks))
    finally:
        post.hand.connection.close()


Numbered = tuple[int, Task]


@dataclass(frozen=True)
class _Crew:
    carry_out: Callable[[list[Numbered]], Iterator[tuple[int, Result]]]

    def run(self, tasks: Iterable[Task], done: Callable[[int, Result], None]) -> None:
        for number, result in self.carry_out(list(enumerate(tasks))):
            done(number, result)


@dataclass(frozen=True)
class _Post:
    """Where a process works. Its session is opened by its first task, so that what prevents it is that task's error."""

    url: str
    archive: Archive
    replica: bool

    @cached_property
    def hand(self) -> Hand:
        connection = connect(self.url, name="wedsync-dr recovery")
        return Hand(connection, ScopeReader(self.archive), replica=self.replica)


_posts: list[_Post] = []


def _begin(post: object) -> None:
    assert isinstance(post, _Post)  # noqa: S101
    _posts.append(post)


def _in_process(numbered: Numbered) -> tuple[int, Result]:
    number, task = numbered
    return number, task.run(_posts[0].hand)
