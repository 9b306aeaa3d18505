"""Typed values between assets, and the places that keep them: a folder, S3, or a table of Snowflake. No pickle."""
