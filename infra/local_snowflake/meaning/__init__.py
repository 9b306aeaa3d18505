"""The meaning of Snowflake's expressions in DuckDB: a dialect, a rewriting of its trees, functions, and error texts."""
