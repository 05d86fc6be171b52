"""Dagster's face: partitions, assets, checks, sensors, schedules and jobs around one core call each."""
