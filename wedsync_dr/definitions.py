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
    restore_jobs,
    schedules,
    sensors,
    upkeep,
    urgent,
    wave,
)
from wedsync_dr.defs.resources import protection_from_environment

defs = dg.Definitions(
    assets=[
        *(assets.wedding_snapshot, assets.vendor_snapshot, assets.platform_snapshot),
        *(assets.recovery_points, packs.emergency_pack),
    ],
    asset_checks=[*checks.ALL, *objectives.ALL, drills.restorable, packs.emergency_packs_fresh, *upkeep.ALL],
    jobs=[
        *(wave.snapshot_wave, checks.evidence, objectives.promise, drills.restore_drill, upkeep.retention),
        *(packs.near_packs, restore_jobs.restore_wedding, restore_jobs.restore_vendor, platform_job.restore_platform),
    ],
    schedules=[*schedules.ALL, objectives.hourly_promise, *drills.SCHEDULES, upkeep.daily_retention],
    sensors=[
        *(sensors.partition_sync, urgent.urgent_weddings, urgent.missed_objectives),
        *(elsewhere.snapshots_elsewhere, alarms.alarms, alarms.run_failures, packs.packs_behind),
    ],
    resources={"protection": protection_from_environment, "io_manager": dg.mem_io_manager},  # no output on a disk
    executor=dg.in_process_executor,
)
