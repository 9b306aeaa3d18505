"""Dashboards for Grafana, and how it is told of them."""
