"""Definitions that Dagster finds by looking: one folder per system."""
