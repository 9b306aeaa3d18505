"""The macros and functions that give DuckDB the functions of Snowflake."""
