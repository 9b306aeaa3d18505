"""The case of names: DuckDB keeps it, and compares without it; Snowflake compares with it."""
