"""Clients of the systems outside (Kafka, S3, Snowflake), behind protocols that tests replace."""
