"""Clients of the systems outside (Kafka, S3, Snowflake, the clock), behind protocols that tests replace."""
