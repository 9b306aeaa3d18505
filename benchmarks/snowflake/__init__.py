"""The local Snowflake measured: start, memory, clients beside each other, external tables."""
