-- https://docs.snowflake.com/en/sql-reference/sql/commit

COMMIT;
