"""Other processes, for work that one processor is too slow for. They end with the one that asked for them."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from threading import Thread
from typing import TypeVar

from wedsync_dr.errors import SourceUnreachable

PROCESSES = min(2, os.cpu_count() or 1)  # for work that is worth it; more would take the database's own processors

Item = TypeVar("Item")
Result = TypeVar("Result")


class Pool:
    """Some processes, each of which called `begin` before its first work."""

    def __init__(self, executor: ProcessPoolExecutor) -> None:
        self._executor = executor

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """The results as they come; the first item is begun first. What one process raises is raised here."""
        with _children_uninterrupted():
            futures = [self._executor.submit(work, item) for item in items]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool:
            raise SourceUnreachable(
                "A process ended without a word.", remedy="Look for an out-of-memory kill; run it again."
            ) from None


@contextmanager
def process_pool(processes: int, begin: Callable[[object], None], told: object) -> Iterator[Pool]:
    """A pool whose processes begin with `begin(told)`; all of them have ended when this returns or raises."""
    executor = ProcessPoolExecutor(processes, get_context("spawn"), initializer=_begin, initargs=(begin, told))
    try:
        yield Pool(executor)
    finally:
        executor.shutdown(cancel_futures=True)


@contextmanager
def _children_uninterrupted() -> Iterator[None]:
    """Processes that are started meanwhile never see Ctrl-C: it is for the one that waits for their results, and is not
    lost on it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(begin: Callable[[object], None], told: object) -> None:
    Thread(target=_end_with, args=[parent_process()], daemon=True).start()
    begin(told)


def _end_with(parent: BaseProcess | None) -> None:
    """When the process that waits for the results is gone, this one has nothing to work for."""
    if parent:
        parent.join()
        os._exit(1)
