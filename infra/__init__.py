"""The command line `hourglass`, the local stack, and the local Snowflake."""
