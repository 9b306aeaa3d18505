"""A Snowflake of one machine: fakesnow plus stages, directory tables and external tables."""
