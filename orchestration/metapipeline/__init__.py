"""Facts about the platform itself, computed from the landed events and the dbt graph."""
