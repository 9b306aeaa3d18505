"""Metrics of the hours, for Prometheus: what is unsealed, unpublished, not landed, and how long the broker keeps it."""
