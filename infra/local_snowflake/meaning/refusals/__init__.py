"""What Snowflake answers where DuckDB or sqlglot refuse a statement: its codes, states and texts.

`engine.refusal_of` translates an error. Its tables have one row for each message of DuckDB; what no row knows is a
statement that the local Snowflake cannot execute, and is refused as an unsupported feature without the engine's words.
"""
