"""Snowflake stages and external tables as Dagster components, described in YAML."""
