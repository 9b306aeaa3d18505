"""Snowflake SQL as this server reads it: tokens, names, statements as values."""
