"""All that Dagster loads."""

import dagster as dg

from wedsync_dr.defs import (
    alarms,
    assets,
    checks,
    drills,
    elsewhere,
    objectives,
    packs,
    platform_job,
    reports,
    requested,
    restore_jobs,
    schedules,
    sensors,
    upkeep,
    urgent,
    wave,
)
from wedsync_dr.defs.resources import protection_from_environment

defs = dg.Definitions(
    assets=[*assets.ALL, packs.emergency_pack],
    asset_checks=[*checks.ALL, *objectives.ALL, drills.restorable, packs.emergency_packs_fresh, *upkeep.ALL],
    jobs=[
        *(wave.snapshot_wave, checks.evidence, objectives.promise, drills.restore_drill, upkeep.retention),
        *(*restore_jobs.ALL, platform_job.restore_platform, reports.audit_report, packs.near_packs),
    ],
    schedules=[*schedules.ALL, objectives.hourly_promise, *drills.SCHEDULES, upkeep.daily_retention, reports.monthly],
    sensors=[
        *(sensors.partition_sync, urgent.urgent_weddings, urgent.missed_objectives),
        *(requested.requested_schedules, packs.packs_behind),
        *(elsewhere.snapshots_elsewhere, alarms.alarms, alarms.run_failures),
    ],
    resources={"protection": protection_from_environment, "io_manager": dg.mem_io_manager},  # no output on a disk
    executor=dg.in_process_executor,
)
