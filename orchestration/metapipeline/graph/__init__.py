"""The graph of the platform: dbt projects, Dagster's assets, BI reports with their queries, and evidence of use."""
