-- https://docs.snowflake.com/en/sql-reference/sql/begin

BEGIN;
