"""A restore from beginning to end: resolve, plan, and if asked: safety snapshot, apply."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from wedsync_dr.errors import ScopeNotFound, SettingsInvalid
from wedsync_dr.model import Progress, ScopeId, silent
from wedsync_dr.restore.apply import Applied, apply_plan, refuse_conflicts
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.plan import RestorePlan, make_plan
from wedsync_dr.restore.resolve import resolve
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.take import take
from wedsync_dr.vault.archive import Archive


@dataclass(frozen=True)
class Restored:
    """What a restore did, or, where nothing was applied, would do."""

    plan: RestorePlan
    applied: Applied | None
    safety_snapshot_id: str | None
    seconds: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """The shape that `wedsync-dr restore --json` prints."""
        return {
            "plan": self.plan.to_json(),
            "applied": self.applied is not None,
            "verified": self.applied is not None,
            "rows": self.applied.rows if self.applied else {"inserted": 0, "updated": 0, "deleted": 0},
            "seconds": {stage: round(seconds, 4) for stage, seconds in self.seconds.items()},
            "snapshot_id": self.plan.manifest.snapshot_id,
            "safety_snapshot_id": self.safety_snapshot_id,
        }


def restore(
    source: Source,
    archive: Archive,
    scope: ScopeId,
    *,
    as_of: datetime | None = None,
    mode: Mode = Mode.merge,
    tables: Sequence[str] = (),
    target_url: str | None = None,
    apply: bool = False,
    now: datetime,
    requested_by: str,
    progress: Progress = silent,
) -> Restored:
    """Plan the restore of a scope, and apply it if asked.

    Raises what its steps raise; refuses a plan with conflicts.
    """
    database = target_of(source, mode, target_url)
    clock = _Clock(progress)
    with clock.stage("resolve"):
        point = resolve(archive, scope, as_of)
    with clock.stage("plan"):
        plan = make_plan(database, archive, point, mode=mode, tables=tables)
    if not apply:
        return Restored(plan, None, None, clock.seconds)
    refuse_conflicts(plan)
    safety = None
    if mode is Mode.replace and not plan.empty:
        with clock.stage("safety_snapshot"):
            safety = safety_snapshot(database, archive, scope, now=now, requested_by=requested_by)
    with clock.stage("apply"):
        applied = apply_plan(database, archive, point, plan, now=now, requested_by=requested_by)
    return Restored(plan, applied, safety, clock.seconds)


def target_of(source: Source, mode: Mode, target_url: str | None) -> Source:
    """The database that a restore writes to: the source itself, or another one for a copy."""
    if (mode is Mode.copy) != (target_url is not None):
        raise SettingsInvalid(
            "`copy` restores into another database, and only `copy` does.",
            remedy="Give --mode copy together with --target URL, or neither of them.",
        )
    return replace(source, url=target_url) if target_url else source


def safety_snapshot(
    source: Source, archive: Archive, scope: ScopeId, *, now: datetime, requested_by: str
) -> str | None:
    """Snapshot the scope as it is, so that the restore can be taken back; None where the source has nothing of it
    left."""
    batch = take(source, archive, [scope], now=now, requested_by=requested_by)
    for failed in batch.failed:
        if not isinstance(failed.error, ScopeNotFound):
            raise failed.error
    return batch.taken[0].snapshot_id if batch.taken else None


class _Clock:
    """How long each stage took."""

    def __init__(self, progress: Progress) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = progress

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self._progress(name, 0, 1)
        started = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - started
        self._progress(name, 1, 1)
