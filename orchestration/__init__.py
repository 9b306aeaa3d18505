"""The Dagster code location: from the bucket to Snowflake, one proven hour at a time."""
