"""What the daemon tells people: trouble of the protection itself, and runs that failed."""

from contextlib import suppress
from dataclasses import replace

import dagster as dg

from wedsync_dr.alerts.alert import Judgement
from wedsync_dr.alerts.channels import channel_at
from wedsync_dr.alerts.conditions import judge
from wedsync_dr.alerts.delivery import Kept, note_changes, tell_people
from wedsync_dr.alerts.health import look
from wedsync_dr.defs.failed_runs import failed_runs
from wedsync_dr.defs.failures import told_to_dagster
from wedsync_dr.defs.resources import Protection
from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.settings import open_policy, places

EVERY_S = 60
Resource = dg.ResourceParam[Protection]


@dg.sensor(
    minimum_interval_seconds=EVERY_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Looks every minute how everything stands, and tells people through WEDSYNC_ALERTS what is new, what "
    "goes on and what is over: missed objectives, vanished weddings, drills, findings, space, what cannot be read.",
)
def alarms(context: dg.SensorEvaluationContext, protection: Resource) -> dg.SensorResult:
    """Fails on wrong settings alone; the cursor is what people know."""
    with told_to_dagster():
        settings = protection.settings()
        policy = open_policy(settings)
    where = replace(places(settings), source=protection.source, archive=protection.watched)
    return _told(context, protection, judge(look(where, policy, protection.now())))


@dg.sensor(
    minimum_interval_seconds=EVERY_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells people through WEDSYNC_ALERTS which runs failed, for which weddings, and what to do; and that "
    "it is over once a later run of the same job succeeded.",
)
def run_failures(context: dg.SensorEvaluationContext, protection: Resource) -> dg.SensorResult:
    """Reads Dagster alone, so it tells of failures while source and vault are down."""
    return _told(context, protection, Judgement(failed_runs(context.instance, protection.now())))


def _told(context: dg.SensorEvaluationContext, protection: Protection, judged: Judgement) -> dg.SensorResult:
    with told_to_dagster():
        channels = [channel_at(address) for address in protection.settings().alerts]
    standing = f"{len(judged.alerts)} thing(s) need somebody"
    if not channels:
        for alert in judged.alerts:
            context.log.warning(f"{alert.key} {alert.title}")
        return dg.SensorResult(skip_reason=f"No channel is set in WEDSYNC_ALERTS; {standing}, and nobody is told.")
    done = tell_people(Kept.from_text(context.cursor), judged, channels, protection.now())
    for change in done.changes:
        context.log.warning(change.why or f"Channel {change.channel} takes messages again.")
    if done.changes:
        with suppress(DisasterRecoveryError):
            note_changes(done.changes, protection.watched().ledger, protection.now())
    news = f"{len(done.message.notices)} notice(s)" if done.message else "nothing new"
    return dg.SensorResult(skip_reason=f"{standing}; {news} to tell.", cursor=done.kept.to_text())
