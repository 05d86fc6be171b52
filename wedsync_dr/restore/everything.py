"""The whole platform back: from an empty database to one that is equal to the source at an instant.

Each step is marked in the target by the transaction that did it, so a recovery that was killed goes on where it
stopped when the same command is given again.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg

from wedsync_dr.errors import ScopeBusy
from wedsync_dr.model import SCHEMA, Progress, parse_utc, silent, utc_text
from wedsync_dr.restore.inventory import take_inventory
from wedsync_dr.restore.journal import Journal, Run
from wedsync_dr.restore.permit import Permit
from wedsync_dr.restore.recovery import Outcome, Recovered, RecoveryPlan
from wedsync_dr.restore.stages import rebuild
from wedsync_dr.restore.target import look_at, require_fit
from wedsync_dr.restore.waves import Order, waves_of
from wedsync_dr.schedule.policy import DEFAULT, Policy
from wedsync_dr.source.session import connect, lock_scopes
from wedsync_dr.source.translation import translated
from wedsync_dr.vault.archive import Archive


def restore_everything(
    archive: Archive,
    target_url: str,
    *,
    as_of: datetime | None = None,
    order: Order = Order.urgent,
    no_owner: bool = False,
    apply: bool = False,
    now: datetime,
    requested_by: str,
    time_zone: str = "UTC",
    progress: Progress = silent,
    workers: int = 2,
    policy: Policy = DEFAULT,
) -> Recovered:
    """Plan the recovery of the whole platform into an empty database, and carry it out if asked.

    A recovery that is under way in the target is gone on with; it keeps its instant. Raises TargetUnfit before anything
    is written where the target is not fit, SnapshotNotFound and Damaged where no schema object can be used, and
    RestoreNotEqual where in the end a table does not hold what was loaded.
    """
    started = time.monotonic()
    plan = plan_everything(
        archive, target_url, as_of=as_of, order=order, no_owner=no_owner, now=now, time_zone=time_zone, policy=policy
    )
    outcome = None
    if apply:
        outcome = apply_everything(
            archive, target_url, plan, now=now, requested_by=requested_by, progress=progress, workers=workers
        )
    return Recovered(plan, outcome, time.monotonic() - started)


def plan_everything(
    archive: Archive,
    target_url: str,
    *,
    as_of: datetime | None,
    order: Order,
    no_owner: bool,
    now: datetime,
    time_zone: str,
    policy: Policy = DEFAULT,
) -> RecoveryPlan:
    """What would come back, from where, in which order, and what the target lacks. Reads only."""
    with translated(), connect(target_url, name="wedsync-dr plan") as connection:
        under_way = Journal(connection).run()
        instant = as_of or (parse_utc(under_way.as_of) if under_way else _newest(archive, now))
        inventory = take_inventory(archive, instant, now=now, time_zone=time_zone, policy=policy)
        target = look_at(connection, inventory.schema.surroundings, order, no_owner=no_owner)
    return RecoveryPlan(inventory, tuple(waves_of(inventory.wanted)), target, order, no_owner)


def require_applicable(plan: RecoveryPlan) -> None:
    """Raises TargetUnfit where the plan's target lacks something, or another recovery is under way in it."""
    require_fit(plan.target, _run(plan))


def apply_everything(
    archive: Archive,
    target_url: str,
    plan: RecoveryPlan,
    *,
    now: datetime,
    requested_by: str,
    progress: Progress = silent,
    workers: int = 2,
    permit: Permit[RecoveryPlan] | None = None,
) -> Outcome:
    """Carry out a plan, or what is left of it to do. Raises what `restore_everything` and a permit raise.

    A recovery that is under way in the target was permitted when it began, and goes on without.
    """
    point, scopes = plan.inventory.point.manifest.snapshot_id, sum(len(wave.wanted) for wave in plan.waves)
    run = _run(plan)
    story = {"kind": SCHEMA.kind.value, "id": SCHEMA.id, "snapshot_id": point, "requested_by": requested_by}
    story |= {"request": permit.request} if permit else {}
    with _alone(target_url) as connection:
        require_fit(look_at(connection, plan.inventory.schema.surroundings, plan.order, no_owner=plan.no_owner), run)
        if permit and plan.target.run is None:
            permit.claim(plan)
        archive.ledger.append("restore-started", story | {"scopes": scopes, "as_of": run.as_of}, now)
        outcome = rebuild(archive, target_url, plan, run, progress, workers)
        found = {"fallbacks": len(outcome.fallbacks), "refusals": len(outcome.refusals), "tables": outcome.tables}
        archive.ledger.append("restored", story | {"scopes": scopes, "verified": not outcome.unproven} | found, now)
    return outcome


def _run(plan: RecoveryPlan) -> Run:
    point = plan.inventory.point.manifest.snapshot_id
    return Run(point, utc_text(plan.inventory.as_of), plan.order.value, plan.no_owner)


def _newest(archive: Archive, now: datetime) -> datetime:
    """The instant of the newest snapshot: the source's clock, which may be ahead of ours."""
    return max((ref.taken_at for ref in archive.vault.snapshots()), default=now)


@contextmanager
def _alone(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A session on the target, while no other recovery is at work in it."""
    with (
        connect(url, name="wedsync-dr recovery") as connection,
        lock_scopes(connection, [SCHEMA], patience_s=5) as held,
    ):
        if not held:
            raise ScopeBusy("Another recovery is at work in the target.", remedy="Wait until it has ended.")
        with translated():
            yield connection
