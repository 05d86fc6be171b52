"""A restore from beginning to end: resolve, plan, and if asked: safety snapshot, apply."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from wedsync_dr.errors import ScopeNotFound, SettingsInvalid
from wedsync_dr.model import Progress, ScopeId, silent
from wedsync_dr.restore.apply import Applied, apply_at, refuse_conflicts, require_fresh
from wedsync_dr.restore.aside import is_laid_aside, lay_aside, plan_aside
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.live import Target
from wedsync_dr.restore.permit import Permit
from wedsync_dr.restore.plan import RestorePlan, make_plan, plan_against, read_scope
from wedsync_dr.restore.resolve import RecoveryPoint, resolve
from wedsync_dr.restore.site import open_site
from wedsync_dr.restore.terms import NOTHING, Consent, RowChoice, Terms
from wedsync_dr.scope.survey import Schema, Source, Survey
from wedsync_dr.snapshot.reading import Read
from wedsync_dr.snapshot.take import take, take_read
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.ledger_state import SAFETY


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
            "undo": self.undo,
        }

    @property
    def undo(self) -> str | None:
        """The command that takes an applied `replace` back; None where nothing was replaced."""
        if self.safety_snapshot_id is None:
            return None
        scope = self.plan.scope
        which = f"--{scope.kind.value} {scope.id} --snapshot {self.safety_snapshot_id}"
        return f"wedsync-dr restore {which} --mode replace --apply"


def restore(
    source: Source,
    archive: Archive,
    scope: ScopeId,
    *,
    as_of: datetime | None = None,
    snapshot_id: str | None = None,
    mode: Mode = Mode.merge,
    tables: Sequence[str] = (),
    rows: Sequence[RowChoice] = (),
    consent: Consent = NOTHING,
    target_url: str | None = None,
    target_schema: str | None = None,
    apply: bool = False,
    now: datetime,
    requested_by: str,
    progress: Progress = silent,
    schema: Schema | None = None,
) -> Restored:
    """Plan the restore of a scope, and apply it if asked.

    A process that restores several scopes of a source keeps one `schema`: the catalogue is then loaded once and proven
    to hold for each. `snapshot_id` asks for exactly that snapshot, where `as_of` falls back to an older one. Raises
    what its steps raise; refuses a plan with conflicts.
    """
    database = target_of(source, mode, target_url, target_schema)
    clock = _Clock(progress)
    clock.begin("resolve")
    point = resolve(archive, scope, as_of, snapshot_id=snapshot_id)
    as_of = point.manifest.taken_at if snapshot_id else as_of
    terms = Terms(mode, tuple(tables), tuple(rows), as_of, consent, target_schema)
    clock.begin("plan")
    if is_laid_aside(database, terms):
        return _lay_aside(
            database, archive, plan_aside(database, archive, point, terms), clock, now, requested_by, apply
        )
    if apply:
        order = _Order(database, archive, point, terms, now, requested_by, schema)
        return _carry_out(order, clock)
    plan = make_plan(database, archive, point, terms)
    return Restored(plan, None, None, clock.end())


def carry_out(
    source: Source,
    archive: Archive,
    plan: RestorePlan,
    *,
    now: datetime,
    requested_by: str,
    target_url: str | None = None,
    progress: Progress = silent,
    permit: Permit[RestorePlan] | None = None,
) -> Restored:
    """Apply exactly a plan that was made before, after a safety snapshot where it replaces something.

    Raises PlanStale, and changes nothing, where rows moved since; and what applying and the permit raise.
    """
    refuse_conflicts(plan)
    database, point = target_of(source, plan.mode, target_url), RecoveryPoint(plan.manifest)
    clock = _Clock(progress)
    clock.begin("plan")
    if plan.creates_tables:
        return _lay_aside(database, archive, plan, clock, now, requested_by, True)
    return _carry_out(_Order(database, archive, point, plan.terms, now, requested_by, permit=permit), clock, plan)


@dataclass(frozen=True)
class _Order:
    """What is to be done, where, and for whom."""

    database: Source
    archive: Archive
    point: RecoveryPoint
    terms: Terms
    now: datetime
    requested_by: str
    schema: Schema | None = None
    permit: Permit[RestorePlan] | None = None


def _carry_out(order: _Order, clock: "_Clock", approved: RestorePlan | None = None) -> Restored:
    """Plan, safety snapshot and apply in one session that holds the scope all the while.

    Plan and safety snapshot come from one reading at one instant, so the safety snapshot is what the plan saw; applying
    reads again and goes on only where that is still so.
    """
    archive, safety = order.archive, None
    snapshot = order.point.snapshot(archive)
    point = replace(order.point, read=snapshot)
    with open_site(order.database, order.schema) as site, site.hold(point.manifest.scope):
        with site.look() as seen:
            target = Target.of(seen)
            reading = read_scope(target, snapshot)
            plan = plan_against(target, archive, snapshot, point, order.terms, reading)
            if approved:
                require_fresh(approved, plan)
            refuse_conflicts(plan)
            if order.terms.mode is Mode.replace and not plan.empty:
                clock.begin("safety_snapshot")
                read = Read(target.layouts, reading.rows, site.connection)
                safety = _safety_snapshot(order, seen, read)
        clock.begin("apply")
        by, permit = order.requested_by, order.permit
        applied = apply_at(site, archive, point, plan, now=order.now, requested_by=by, permit=permit)
    return Restored(approved or plan, applied, safety, clock.end())


def _safety_snapshot(order: _Order, seen: Survey, read: Read) -> str | None:
    scope, now = order.point.manifest.scope, order.now
    taken = take_read(
        order.database, order.archive, seen, scope, read, now=now, requested_by=order.requested_by, purpose=SAFETY
    )
    return taken.snapshot_id if taken else None


def _lay_aside(
    database: Source,
    archive: Archive,
    plan: RestorePlan,
    clock: "_Clock",
    now: datetime,
    requested_by: str,
    apply: bool,
) -> Restored:
    if not apply:
        return Restored(plan, None, None, clock.end())
    clock.begin("apply")
    applied = lay_aside(database, archive, plan, now=now, requested_by=requested_by)
    return Restored(plan, applied, None, clock.end())


def target_of(source: Source, mode: Mode, target_url: str | None, schema: str | None = None) -> Source:
    """The database that a restore writes to: the source itself, or another one for a copy."""
    if schema is not None and (mode is not Mode.copy or not schema.strip() or schema.startswith("pg_")):
        raise SettingsInvalid(
            "Only a `copy` goes into a schema of its own, and its name does not begin with pg_.",
            remedy="Give --mode copy --target URL --schema NAME.",
        )
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
    batch = take(source, archive, [scope], now=now, requested_by=requested_by, purpose=SAFETY)
    for failed in batch.failed:
        if not isinstance(failed.error, ScopeNotFound):
            raise failed.error
    return batch.taken[0].snapshot_id if batch.taken else None


class _Clock:
    """How long each stage took."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._seconds: dict[str, float] = {}
        self._now: tuple[str, float] | None = None

    def begin(self, stage: str) -> None:
        """The stage before, if any, ends here."""
        self.end()
        self._progress(stage, 0, 1)
        self._now = stage, time.monotonic()

    def end(self) -> dict[str, float]:
        """The seconds of all stages."""
        if self._now:
            stage, started = self._now
            self._seconds[stage] = time.monotonic() - started
            self._progress(stage, 1, 1)
            self._now = None
        return self._seconds
