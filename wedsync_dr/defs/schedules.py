"""What runs by the clock."""

import dagster as dg

from wedsync_dr.defs.checks import evidence
from wedsync_dr.defs.wave import STEP, Wave, snapshot_wave


def _pass(name: str, cron: str, wave: Wave, description: str) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name=name,
        job=snapshot_wave,
        cron_schedule=cron,
        execution_timezone="UTC",
        run_config=dg.RunConfig(ops={STEP: wave}),
        tags={"wedsync/lane": "bulk", "dagster/priority": "-10"},
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=description,
    )


nightly = _pass(
    "nightly",
    "0 2 * * 1-6",
    Wave(everything=True, changed_only=True),
    "Every night but Sunday's: what changed, of every scope, at one instant; what did not is recorded as current.",
)
weekly_full = _pass(
    "weekly_full",
    "0 2 * * 0",
    Wave(everything=True),
    "On Sundays: everything is read at one instant, whatever fingerprints say; what they missed is an error.",
)
nightly_evidence = dg.ScheduleDefinition(
    name="nightly_evidence",
    job=evidence,
    cron_schedule="0 4 * * *",
    execution_timezone="UTC",
    tags={"wedsync/lane": "bulk"},
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every night after the snapshots: read them all and check them.",
)
ALL = (nightly, weekly_full, nightly_evidence)
