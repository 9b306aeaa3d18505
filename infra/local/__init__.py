"""The stack of one machine: broker, S3 server, Flink, local Snowflake, Dagster."""
