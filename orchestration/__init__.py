"""Bucket to Snowflake, one proven hour at a time: the Dagster code location."""
