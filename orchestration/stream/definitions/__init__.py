"""Dagster's definitions of one stream: assets, checks, jobs, sensors and schedules."""
