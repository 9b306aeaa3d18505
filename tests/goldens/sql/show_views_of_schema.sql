-- https://docs.snowflake.com/en/sql-reference/sql/show-views

SHOW TERSE VIEWS IN SCHEMA "AWS"."DEV";
