"""Access to Snowflake: the kinds of login, their files, the query tag, and repairs of refusals."""
