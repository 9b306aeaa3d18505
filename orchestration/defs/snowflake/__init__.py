"""Snowflake: the resource of the documents of stages and external tables."""
