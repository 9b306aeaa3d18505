"""The dbt models as assets of one hour."""
