"""How far long work is: a bar with rate and time left on a terminal, a plain line now and then otherwise. On stderr."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.text import Text

from wedsync_dr.cli.output import console, note
from wedsync_dr.model import Progress

QUIET_S = 4.0  # at most one plain line in this time


@contextmanager
def shown_progress(*, quiet_s: float = QUIET_S, clock: Callable[[], float] = time.monotonic) -> Iterator[Progress]:
    """A progress to hand to the core. Whatever is shown is gone, or complete, at the end of the block."""
    terminal = console(stderr=True)
    if not terminal.is_terminal:
        yield PlainLines(note, quiet_s=quiet_s, clock=clock)
        return
    with Bars(*COLUMNS, console=terminal, transient=True) as bars:
        yield OnTerminal(bars)


class OnTerminal:
    """Progress as one bar a stage."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=total)
        self._bars.update(self._tasks[stage], completed=done, total=total)


class PlainLines:
    """Progress as lines, at most one every `quiet_s` seconds, none for what is over before that."""

    def __init__(self, write: Callable[[str], None], *, quiet_s: float, clock: Callable[[], float]) -> None:
        self._write, self._quiet_s, self._clock = write, quiet_s, clock
        self._began: dict[str, tuple[float, int]] = {}
        self._last = clock()

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = self._clock()
        began, first = self._began.setdefault(stage, (now, done))
        if now - self._last < self._quiet_s:
            return
        self._last = now
        self._write(f"{stage}: {done:,} of {total:,}{_pace(done - first, now - began, total - done)}")


def _pace(worked: int, seconds: float, left: int) -> str:
    if worked <= 0 or seconds <= 0 or left <= 0:
        return ""
    rate = worked / seconds
    return f", {rate:.3g}/s, {max(0.0, left / rate):.0f} s left"


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.3g}/s" if task.speed else "", style="progress.data.speed")


COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
