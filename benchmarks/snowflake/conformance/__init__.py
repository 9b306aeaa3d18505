"""What Snowflake's documentation says, as data, and how many of its sentences a server meets."""
