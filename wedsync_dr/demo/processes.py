"""Processes of ours: each in a group of its own, ended by its id, and watched until the group is gone."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATIENCE_S = 15.0
INTERRUPTS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class Process:
    """A running process and all that it started; its output goes to `log`."""

    name: str
    child: subprocess.Popen[bytes]
    log: Path

    @property
    def alive(self) -> bool:
        return self.child.poll() is None

    def last_words(self, lines: int = 15) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def start(name: str, command: Sequence[str], *, environment: Mapping[str, str], cwd: Path, log: Path) -> Process:
    """Start a process that does not hear the terminal's Ctrl-C: it is ended by `end`, in order."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            list(command),
            env=dict(environment),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Process(name, child, log)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """A Ctrl-C or SIGTERM that comes inside is heard at the end. Only the main thread may use it."""
    heard: list[int] = []
    before = {number: signal.signal(number, lambda got, _: heard.append(got)) for number in INTERRUPTS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if heard:
        raise KeyboardInterrupt


def end(running: Sequence[Process], patience_s: float = PATIENCE_S) -> None:
    """End processes, all at once, and everything of their groups. Returns when all are gone."""
    for process in running:
        if process.alive:
            _signal(process.child.pid, signal.SIGTERM, group=False)
    deadline = time.monotonic() + patience_s
    while left := [process for process in running if not gone(process)]:
        if time.monotonic() > deadline:
            for process in left:
                _signal(process.child.pid, signal.SIGKILL, group=True)
        time.sleep(0.1)


def gone(process: Process) -> bool:
    """Whether nobody of its group is left; whoever outlives the process itself is told to end too."""
    if process.alive:  # looking at it also reaps it, so that its group can be seen to be empty
        return False
    return not _signal(process.child.pid, signal.SIGTERM, group=True)


def anybody(process: Process) -> bool:
    """Whether the process or anything that it started is left. Nobody is disturbed by the question."""
    return process.alive or _signal(process.child.pid, 0, group=True)


def end_left_behind(pids: Path) -> None:
    """End the process groups that a killed parent wrote down. An id that is somebody else's by now is left alone."""
    home = str(pids.parent).encode()
    for pid in json.loads(pids.read_text()) if pids.exists() else []:
        if _is_ours(pid, home):
            _signal(pid, signal.SIGTERM, group=True)
            deadline = time.monotonic() + PATIENCE_S
            while _is_ours(pid, home) and time.monotonic() < deadline:
                time.sleep(0.1)
            _signal(pid, signal.SIGKILL, group=True)
    pids.unlink(missing_ok=True)


def _is_ours(pid: int, home: bytes) -> bool:
    """Whether the process was started with our home in its environment; false where the system does not say."""
    try:
        return b"DAGSTER_HOME=" + home in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False


def _signal(pid: int, number: int, *, group: bool) -> bool:
    """Whether there was anybody to signal."""
    try:
        if group:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def free_port() -> int:
    """A port on loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
