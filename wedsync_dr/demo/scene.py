"""What the chapters of the story share: the deployment, who hears of progress, and how Dagster is waited for."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wedsync_dr.demo.accident import Picture
from wedsync_dr.demo.deployment import Deployment
from wedsync_dr.demo.graphql import FINISHED, CheckResult, Dagster
from wedsync_dr.model import Kind, Progress, ScopeId
from wedsync_dr.scope.discovery import ScopeInfo

ASSETS = {Kind.WEDDING: "wedding_snapshot", Kind.VENDOR: "vendor_snapshot", Kind.PLATFORM: "platform_snapshot"}
EVIDENCE = "recovery_points"
CHECKS = (
    *("snapshots_intact", "rows_match_source", "nothing_unprotected", "schema_unchanged"),
    *("within_rpo", "weddings_vanished", "restorable", "retention_obeyed", "fingerprints_trusted"),
    *("vault_space", "emergency_packs_fresh"),
)
POLL_S = 1.0
PATIENCE_S = 600.0


class StoryBroke(Exception):
    """A step of the story did not hold."""


@dataclass
class Scene:
    """Where the story stands."""

    deployment: Deployment
    progress: Progress
    weddings: int
    seed: int
    scopes: list[ScopeInfo] = field(default_factory=list)
    before: Picture | None = None
    lost: ScopeId | None = None

    @property
    def dagster(self) -> Dagster:
        return self.deployment.dagster

    @property
    def wedding(self) -> ScopeId:
        """The wedding that the story is about."""
        assert self.lost is not None, "the wedding is chosen with the scopes"  # noqa: S101
        return self.lost

    def ids(self, kind: Kind) -> list[str]:
        """The ids of all scopes of a kind."""
        return [info.scope.id for info in self.scopes if info.scope.kind is kind]

    def wait(self, what: str, finished: Callable[[], bool], *, done: Callable[[], int], total: int) -> None:
        """Wait until something is finished, telling how far it is. A process that dies meanwhile ends the story."""
        deadline = time.monotonic() + PATIENCE_S
        while not finished():
            self.progress(what, done(), total)
            self.deployment.require_alive()
            require(time.monotonic() < deadline, f"{what}: not finished after {PATIENCE_S:.0f} s")
            time.sleep(POLL_S)  # each look costs the webserver time that the runs need
        self.progress(what, total, total)

    def run(self, job: str, run_config: Mapping[str, object]) -> str:
        """Run a job as an operator does, and wait for its end; returns its run id. A run that fails ends the story."""
        run_id = self.dagster.launch(job, run_config)
        self.wait(job, lambda: self.dagster.run_status(run_id) in FINISHED, done=lambda: 0, total=1)
        status = self.dagster.run_status(run_id)
        require(status == "SUCCESS", f"{job} ended with {status}: {self.dagster.failure(run_id)}")
        return run_id

    def restore(self, **form: object) -> dict[str, dict[str, Any]]:
        """Run the restore job of the wedding; returns what its steps said."""
        return self.dagster.outputs(self.run("restore_wedding", {"wedding": self.wedding.id, **form}))

    def evidence(self) -> list[CheckResult]:
        """Run every check, and return what each said."""
        run_id = self.run("evidence", {})
        results = [result for result in self.dagster.checks(EVIDENCE) if result.run_id == run_id]
        require(len(results) == len(CHECKS), f"{len(results)} of {len(CHECKS)} checks gave a result")
        return results


def require(held: bool, otherwise: str) -> None:
    """End the story where something does not hold."""
    if not held:
        raise StoryBroke(otherwise)


def listed(names: Sequence[str], most: int = 3) -> str:
    """Some names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
