"""The servers of the local stack (broker, S3 server, local Snowflake, Dagster), each as a program to start."""
