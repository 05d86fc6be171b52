"""What runs by the clock."""

import dagster as dg

from wedsync_dr.defs.checks import evidence
from wedsync_dr.defs.wave import Wave, snapshot_wave

nightly = dg.ScheduleDefinition(
    name="nightly",
    job=snapshot_wave,
    cron_schedule="0 2 * * *",
    execution_timezone="UTC",
    run_config=dg.RunConfig(ops={"snapshot_scopes": Wave(everything=True)}),
    tags={"wedsync/lane": "bulk", "dagster/priority": "-10"},
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every night: everything at one instant. What has not changed is not stored again.",
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
ALL = (nightly, nightly_evidence)
