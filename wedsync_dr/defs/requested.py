"""The sensor that carries out the schedules which the platform asked for."""

import json
from datetime import datetime

import dagster as dg

from wedsync_dr.defs.failures import told_to_dagster
from wedsync_dr.defs.lanes import BULK
from wedsync_dr.defs.resources import Protection
from wedsync_dr.defs.wave import STEP, Wave
from wedsync_dr.model import utc_text
from wedsync_dr.schedule.requested import RequestedSchedule

EVERY_S = 60
_MOST_RUNS = 20  # a tick; the next one asks for the rest


@dg.sensor(
    job_name="snapshot_wave",
    minimum_interval_seconds=EVERY_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Schedules that were asked for with POST /api/backup/automated: when one is due, its organization and "
    "the weddings it takes part in are snapshotted. What was missed while Dagster was down is made up for once.",
)
def requested_schedules(
    context: dg.SensorEvaluationContext, protection: dg.ResourceParam[Protection]
) -> dg.SensorResult | dg.SkipReason:
    """The cursor has the last instant of each schedule that was asked for; run keys make a lost one harmless."""
    done: dict[str, str] = json.loads(context.cursor or "{}")
    with told_to_dagster():
        now, known = protection.now(), protection.watched().ledger.known().schedules
        schedules = [RequestedSchedule.of(id_, body) for id_, body in known.items()]
    due = [(one, at) for one in schedules if (at := one.due(now)) and done.get(one.id) != utc_text(at)][:_MOST_RUNS]
    if not due:
        return dg.SkipReason(f"None of {len(schedules)} schedules is due.")
    asked = done | {one.id: utc_text(at) for one, at in due}
    return dg.SensorResult(
        run_requests=[_request(one, at) for one, at in due],
        cursor=json.dumps({id_: at for id_, at in asked.items() if id_ in known}),
    )


def _request(schedule: RequestedSchedule, at: datetime) -> dg.RunRequest:
    wave = Wave(
        vendors=[schedule.organization] if schedule.organization else [],
        with_weddings=schedule.organization is not None,
        everything=schedule.organization is None,
        changed_only=schedule.changed_only,
        requested_by=schedule.by,
    )
    return dg.RunRequest(
        run_key=f"{schedule.id}-{utc_text(at)}",
        run_config=dg.RunConfig(ops={STEP: wave}),
        tags={"wedsync/lane": BULK, "wedsync/schedule": schedule.id, "wedsync/reason": f"schedule {schedule.id}"},
    )
