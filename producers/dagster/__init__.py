"""Dagster running Dagster: an instance's event log, read from a cursor, to Kafka."""
