"""Runs as processes of this machine, whose death is noticed whoever was to notice it."""

import json
import os
from pathlib import Path

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus  # private: what run monitoring asks for
from dagster._core.storage.tags import GRPC_INFO_TAG  # private: where a run was started

CLOCK_S = 60.0  # the system tells when a process started by a clock that may have been set meanwhile
_HERE = {"localhost", "127.0.0.1", "::1"}


class LocalRunLauncher(dg.DefaultRunLauncher):
    """Dagster's own launcher leaves it to the code server to say that a run's process has died. Where that died too, or
    lost the storage at that moment, the run would stay started for hours; here run monitoring asks the system."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """A run of another machine, or one that has no process yet, counts as running."""
        pid, since = self._process_of(run)
        if not pid or not _started_here(run) or lives(pid, since):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, f"The run's process (pid {pid}) is gone.")

    def _process_of(self, run: dg.DagsterRun) -> tuple[int, float]:
        """The id of the run's process, and when it was alive for certain."""
        events = self._instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
        for event in events:
            metadata = event.dagster_event.engine_event_data.metadata if event.dagster_event else {}
            if "pid" in metadata:
                return int(str(metadata["pid"].value)), event.timestamp
        return 0, 0.0


def _started_here(run: dg.DagsterRun) -> bool:
    server = json.loads(run.tags.get(GRPC_INFO_TAG, "{}"))
    return "socket" in server or server.get("host") in _HERE


def lives(pid: int, since: float) -> bool:
    """Whether the process that had this id at that time is still at work; another one that got its id is not it."""
    try:
        os.kill(pid, 0)
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        boot = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime "))
    except ProcessLookupError:
        return False
    except OSError:  # not ours, or a system that does not tell more
        return True
    started = int(boot.split()[1]) + int(told[19]) / os.sysconf("SC_CLK_TCK")
    return told[0] not in "ZX" and started < since + CLOCK_S
