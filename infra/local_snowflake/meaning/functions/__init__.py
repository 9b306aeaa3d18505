"""Functions of Snowflake that DuckDB lacks, in Python, over text and JSON."""
