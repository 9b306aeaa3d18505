"""The local stack: broker, S3 server, Flink, local Snowflake and Dagster, with the demo and the proof table."""
