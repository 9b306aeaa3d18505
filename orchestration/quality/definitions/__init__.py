"""Dagster's checks, sensor, job and schedule over the comparisons of `orchestration.quality`."""
