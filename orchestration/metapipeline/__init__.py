"""What the landed events and the dbt graph say about the platform itself."""
