"""The sensors that keep the promise: what is urgent is taken in time, and what missed its objective is taken at all."""

from collections.abc import Callable
from datetime import datetime

import dagster as dg

from wedsync_dr.defs.failures import told_to_dagster
from wedsync_dr.defs.lanes import BULK, URGENT, requests, under_way
from wedsync_dr.defs.resources import Protection
from wedsync_dr.defs.wave import STEP, Wave
from wedsync_dr.schedule.due import Due, decide
from wedsync_dr.snapshot.candidates import candidates

EVERY_S = 60
_MOST_RUNS = 20  # a tick; the next one asks for the rest
Resource = dg.ResourceParam[Protection]


@dg.sensor(
    job_name="snapshot_wave",
    minimum_interval_seconds=EVERY_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Weddings within 30 days, and their vendors: what changed, or must be shown to be current still, is "
    "snapshotted in time for its objective, the most urgent first, in a lane that bulk work never fills.",
)
def urgent_weddings(context: dg.SensorEvaluationContext, protection: Resource) -> dg.SensorResult | dg.SkipReason:
    """A source that cannot be read fails the tick; it is never "nothing due"."""
    return _ask(context, protection, URGENT, lambda _due, critical: critical)


@dg.sensor(
    job_name="snapshot_wave",
    minimum_interval_seconds=5 * EVERY_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="What can wait and has waited too long: scopes of the other tiers whose objective is missed, after a "
    "night that failed or where nobody planned for them, are snapshotted in the bulk lane. A vault that never saw a "
    "full pass gets its first one.",
)
def missed_objectives(context: dg.SensorEvaluationContext, protection: Resource) -> dg.SensorResult | dg.SkipReason:
    """The urgent ones are the other sensor's."""
    with told_to_dagster():
        never = protection.watched().ledger.known().full_pass is None
    if never:
        return dg.SensorResult(run_requests=[_first_pass(protection.now())])
    return _ask(context, protection, BULK, lambda due, critical: due.late and not critical)


def _first_pass(now: datetime) -> dg.RunRequest:
    """Everything is read once before anything else can wait: it also seals the schema. Asked for again each hour."""
    return dg.RunRequest(
        run_key=f"first-full-pass-{now:%Y%m%d%H}",
        run_config=dg.RunConfig(ops={STEP: Wave(everything=True)}),
        tags={"wedsync/lane": BULK, "wedsync/reason": "nothing has ever read everything"},
    )


def _ask(
    context: dg.SensorEvaluationContext, protection: Protection, lane: str, wanted: Callable[[Due, bool], bool]
) -> dg.SensorResult | dg.SkipReason:
    with told_to_dagster():
        now, policy = protection.now(), protection.policy()
        running = under_way(context.instance, lane)
        urgent = lane == URGENT
        found = candidates(
            protection.source(), protection.watched(), policy, now, running=running, look=urgent, critical=urgent
        )
    pressing = [due for due in decide(found, policy, now) if wanted(due, policy.of(due.tier).critical)]
    if not pressing:
        return dg.SkipReason(f"Nothing of {len(found)} scopes is due in this lane; {len(running)} are being taken.")
    return dg.SensorResult(run_requests=requests(pressing, found, policy, now, lane)[:_MOST_RUNS])
