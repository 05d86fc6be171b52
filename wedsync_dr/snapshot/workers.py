"""The two halves of a batch, in this process or in several: reading rows onto a shelf, and sealing them by group.

Every process looks at the instant that the first one exported. What one process read, another one seals.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

from wedsync_dr.model import Progress, ScopeId
from wedsync_dr.scope.survey import Source, Survey, survey
from wedsync_dr.snapshot.batch import BatchFacts, Failed, Taken
from wedsync_dr.snapshot.commit import Commit
from wedsync_dr.snapshot.group import Group, Rows
from wedsync_dr.snapshot.layout import layouts
from wedsync_dr.snapshot.limits import Limits
from wedsync_dr.snapshot.owners import LinkOwners
from wedsync_dr.snapshot.pool import Pool, process_pool
from wedsync_dr.snapshot.reading import Laid, Stretch, lay_down
from wedsync_dr.snapshot.shelf import Shelf
from wedsync_dr.snapshot.split import Places
from wedsync_dr.snapshot.supplement import Supplements
from wedsync_dr.vault.archive import Archive

PUTS = 8


@dataclass(frozen=True)
class Job:
    """What every process of a batch must know. The scopes stand in the order of their places."""

    source: Source
    archive: Archive
    facts: BatchFacts
    scopes: tuple[ScopeId, ...]
    shelf: Shelf
    limits: Limits


class Worker:
    """Does the work of a batch that is given to one process."""

    def __init__(self, job: Job, seen: Survey, puts: ThreadPoolExecutor) -> None:
        self._job, self._seen, self._puts = job, seen, puts
        self._plan = layouts(seen.catalog, seen.ownership)
        self._places = Places(seen.ownership, job.scopes)
        self._owners = LinkOwners(seen, aged=not job.facts.complete)
        self._beside = None if job.facts.complete else self._supplements()

    def read(self, stretch: Stretch) -> list[Laid]:
        """Lay the rows of a stretch on the shelf."""
        return lay_down(self._seen, stretch, self._places, self._job.shelf, self._job.limits)

    def seal(self, group: Group) -> list[Taken | Failed]:
        """Seal and commit a group whose rows lie on the shelf."""
        rows = Rows(group, self._job.shelf, self._plan, self._job.limits)
        commit = Commit(self._job.archive, self._job.facts, self._owners, self._puts, rows, self._beside)
        return commit.run(self._job.source.url, self._job.source.patience)

    def _supplements(self) -> Supplements:
        job, batch = self._job, frozenset(self._job.scopes)
        return Supplements(job.archive, job.facts, self._owners, self._seen, self._plan, self._puts, batch, job.limits)


class Crew:
    """Everybody who works on a batch: this process alone, or a pool of others."""

    def __init__(self, worker: Worker | None, pool: Pool | None) -> None:
        self._worker, self._pool = worker, pool

    def read(self, stretches: Sequence[Stretch], progress: Progress) -> list[Laid]:
        """All rows, onto the shelf; in the order of the stretches. The largest are begun first."""
        laid: list[Laid] = []
        waiting = sorted(stretches, key=lambda one: -one.expected_bytes)
        progress("reading", 0, len(waiting))
        done = map(self._worker.read, waiting) if self._worker else self._others.map(_read, waiting)
        for number, found in enumerate(done, 1):
            laid += found
            progress("reading", number, len(waiting))
        return sorted(laid, key=lambda one: one.number)

    def seal(self, groups: Sequence[Group], progress: Progress) -> list[Taken | Failed]:
        """What came of every scope of the groups; the first group is begun first."""
        total = sum(len(group.scopes) for group in groups)
        results: list[Taken | Failed] = []
        for found in map(self._worker.seal, groups) if self._worker else self._others.map(_seal, groups):
            results += found
            progress("sealing", len(results), total)
        return results

    @property
    def _others(self) -> Pool:
        assert self._pool is not None  # noqa: S101
        return self._pool


@contextmanager
def crew(job: Job, seen: Survey, workers: int) -> Iterator[Crew]:
    """Who works on a batch. What stops one process stops the batch; its error is raised where its result is wanted."""
    if workers == 1:
        with ThreadPoolExecutor(PUTS) as puts:
            yield Crew(Worker(job, seen, puts), None)
        return
    shelf = replace(job.shelf, in_memory=0)  # what one process lays down, another one takes up
    here = _Here(replace(job, shelf=shelf), seen.reader.export())
    with process_pool(workers, _begin, here) as pool:
        yield Crew(None, pool)


class _Here:
    """What a process of the pool holds while it lives; its worker is made by its first task, so that what stands in
    the way of it is that task's error."""

    def __init__(self, job: Job, exported: str) -> None:
        self._job, self._exported = job, exported

    @cached_property
    def worker(self) -> Worker:
        self._open = ExitStack()
        seen = self._open.enter_context(survey(self._job.source, self._exported))
        return Worker(self._job, seen, self._open.enter_context(ThreadPoolExecutor(PUTS)))


_here: list[_Here] = []


def _begin(here: object) -> None:
    assert isinstance(here, _Here)  # noqa: S101
    _here.append(here)


def _read(stretch: Stretch) -> list[Laid]:
    return _here[0].worker.read(stretch)


def _seal(group: Group) -> list[Taken | Failed]:
    return _here[0].worker.seal(group)
