-- https://docs.snowflake.com/en/sql-reference/sql/show

SHOW EXTERNAL TABLES IN ACCOUNT;

SHOW PIPES IN ACCOUNT;

SHOW STREAMS IN ACCOUNT;
