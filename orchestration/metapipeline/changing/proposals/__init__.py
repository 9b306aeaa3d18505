"""Changes of dbt projects, planned as small steps before anything is written."""
