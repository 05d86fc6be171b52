"""All that Dagster loads."""

import dagster as dg

from wedsync_dr.defs import alarms, assets, checks, drills, platform_job, restore_jobs, schedules, sensors, wave
from wedsync_dr.defs.resources import protection_from_environment

defs = dg.Definitions(
    assets=[assets.wedding_snapshot, assets.vendor_snapshot, assets.platform_snapshot, assets.recovery_points],
    asset_checks=[
        checks.snapshots_intact,
        checks.rows_match_source,
        checks.nothing_unprotected,
        checks.schema_unchanged,
        drills.restorable,
    ],
    jobs=[
        wave.snapshot_wave,
        checks.evidence,
        restore_jobs.restore_wedding,
        restore_jobs.restore_vendor,
        platform_job.restore_platform,
        drills.restore_drill,
    ],
    schedules=[schedules.nightly, schedules.nightly_evidence, drills.nightly_drill, drills.weekly_drill],
    sensors=[sensors.partition_sync, alarms.alarms, alarms.run_failures],
    resources={"protection": protection_from_environment, "io_manager": dg.mem_io_manager},  # no output on a disk
    executor=dg.in_process_executor,
)
