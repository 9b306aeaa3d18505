"""The definitions that Dagster loads, one folder per system."""
