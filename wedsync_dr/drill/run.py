"""A drill from beginning to end: draw, restore aside, compare, canary, damaged control, ledger."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from wedsync_dr.drill.canary import fly
from wedsync_dr.drill.control import refuses_damage
from wedsync_dr.drill.readback import differs
from wedsync_dr.drill.report import EVENT, Drilled, DrillReport, Whole
from wedsync_dr.drill.sample import Pick, Points, sample
from wedsync_dr.drill.scratch import Scratch
from wedsync_dr.errors import DisasterRecoveryError, SnapshotNotFound
from wedsync_dr.model import Progress, RowClass, ScopeId, silent, utc_text
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.everything import restore_everything
from wedsync_dr.restore.inventory import schema_point, take_inventory
from wedsync_dr.restore.run import restore
from wedsync_dr.restore.terms import Consent
from wedsync_dr.schedule.policy import DEFAULT, Policy
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.schema import SchemaObject
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.vault import SnapshotRef
from wedsync_dr.verification.comparison import contents_now

DRAWN = 12
_AS_IT_WAS = Consent(dirty=True)  # a drill asks whether rows come back as they were, not whether they are in order
_Contents = dict[ScopeId, dict[RowClass, str]]


@dataclass(frozen=True)
class Drill:
    """Where a drill reads and writes, and who asked for it.

    `archive` must be freshly opened: keys that a process had in memory would not prove that the keyring has them.
    """

    archive: Archive
    source: Source
    scratch: Scratch
    now: datetime
    requested_by: str
    policy: Policy = DEFAULT

    def run(self, *, seed: int, count: int = DRAWN, whole: bool = False, progress: Progress = silent) -> DrillReport:
        """Restore a sample of recovery points, and with `whole` the platform, into scratch databases, and record it.

        A recovery point that does not restore is reported and stops no other. Raises what kept the drill from running
        at all; the ledger says that, too.
        """
        started = time.monotonic()
        try:
            report = self._run(seed, count, progress)
            if whole:
                report = replace(report, whole=self._platform(progress))
        except DisasterRecoveryError as error:
            self._record({"ok": False, "problems": [str(error)]})
            raise
        report = replace(report, seconds=time.monotonic() - started)
        self._record(report.to_json())
        return report

    def _record(self, body: dict[str, object]) -> None:
        body |= {"drilled_at": utc_text(self.now), "requested_by": self.requested_by}
        self.archive.ledger.append(EVENT, body, self.now)

    def _run(self, seed: int, count: int, progress: Progress) -> DrillReport:
        picks = sample(self._held(), seed=seed, count=count)
        if not picks:
            raise SnapshotNotFound("There is no recovery point to restore.", remedy="wedsync-dr snapshot --all")
        alive = self._as_the_source_is(picks)
        results = []
        for done, pick in enumerate(picks):
            progress("drilling", done, len(picks))
            results.append(self._restore_aside(pick, None if alive is None else alive.get(pick.scope, {})))
        progress("drilling", len(picks), len(picks))
        return DrillReport(
            seed=seed,
            results=tuple(results),
            canary=fly(self.scratch, self.archive, now=self.now, requested_by=self.requested_by),
            control_refused=refuses_damage(self.archive, picks[0].scope, picks[0].snapshot_id),
        )

    def _held(self) -> list[Points]:
        """What there is to restore."""
        zone = self.source.default_time_zone
        found = take_inventory(self.archive, self._newest(), now=self.now, time_zone=zone, policy=self.policy)
        return [Points(one.scope, one.tier, one.snapshot_ids) for one in found.wanted]

    def _newest(self) -> datetime:
        """Now, or the newest snapshot's instant: the source's clock may be ahead of ours."""
        return max([self.now, *(ref.taken_at for ref in self.archive.vault.snapshots())])

    def _as_the_source_is(self, picks: list[Pick]) -> _Contents | None:
        """What the source holds of the scopes now; a drill does not need it, so one that is down proves less only."""
        try:
            return contents_now(self.source, self.archive, [pick.scope for pick in picks])
        except DisasterRecoveryError:
            return None

    def _restore_aside(self, pick: Pick, alive: dict[RowClass, str] | None) -> Drilled:
        started = time.monotonic()
        try:
            with self._database(pick) as url:
                started = time.monotonic()
                done = restore(
                    self.source,
                    self.archive,
                    pick.scope,
                    snapshot_id=pick.snapshot_id,
                    mode=Mode.copy,
                    target_url=url,
                    consent=_AS_IT_WAS,
                    apply=True,
                    now=self.now,
                    requested_by=f"drill of {self.requested_by}",
                )
                seconds = time.monotonic() - started
                problem = differs(url, self.archive, done.plan)
        except DisasterRecoveryError as error:
            return Drilled(pick, time.monotonic() - started, problem=str(error), target_s=self._rto(pick))
        manifest = done.plan.manifest
        as_source = (dict(manifest.content) == alive or None) if pick.newest and alive is not None else None
        return Drilled(pick, seconds, manifest.rows, as_source, problem, self._rto(pick))

    def _rto(self, pick: Pick) -> float | None:
        return self.policy.of(pick.tier).rto.total_seconds() if pick.tier else None

    @contextmanager
    def _database(self, pick: Pick) -> Iterator[str]:
        """A scratch database with the schema of the recovery point's time; without one, tables are made for it."""
        try:
            point = schema_point(self.archive, SnapshotRef(pick.scope, pick.snapshot_id).taken_at)
        except SnapshotNotFound:
            with self.scratch.empty() as url:
                yield url
            return
        schema = SchemaObject.from_snapshot(point.snapshot(self.archive))
        with self.scratch.with_schema(point.manifest.snapshot_id, schema) as url:
            yield url

    def _platform(self, progress: Progress) -> Whole:
        started = time.monotonic()
        try:
            point = schema_point(self.archive, self._newest())
            self.scratch.ensure_roles(SchemaObject.from_snapshot(point.snapshot(self.archive)))
            with self.scratch.empty() as url:
                done = restore_everything(
                    self.archive,
                    url,
                    no_owner=True,
                    apply=True,
                    now=self.now,
                    requested_by=f"drill of {self.requested_by}",
                    time_zone=self.source.default_time_zone,
                    policy=self.policy,
                    progress=progress,
                )
        except DisasterRecoveryError as error:
            return Whole(False, 0, time.monotonic() - started, problem=str(error))
        outcome = done.outcome
        if outcome is None or not outcome.whole:
            problem = "Not everything came back as it was sealed"
            return Whole(False, outcome.tables if outcome else 0, done.seconds, problem=problem)
        return Whole(True, outcome.tables, done.seconds, tuple(outcome.rto()))
