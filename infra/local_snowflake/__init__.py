"""A local Snowflake: fakesnow with stages, directory tables and external tables added."""
