"""The metapipeline: what the platform's own events and the dbt graph say about the platform."""
