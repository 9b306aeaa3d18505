-- https://docs.snowflake.com/en/sql-reference/sql/alter-external-table

ALTER EXTERNAL TABLE "AWS"."DEV"."EXT_PLAIN" REFRESH;

ALTER EXTERNAL TABLE "AWS"."DEV"."EXT_PLAIN" REFRESH '2025/08/01/03/';
