-- https://docs.snowflake.com/en/sql-reference/sql/use-role

USE ROLE "AWS_WRITER";
