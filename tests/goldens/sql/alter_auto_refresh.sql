-- https://docs.snowflake.com/en/sql-reference/sql/alter-external-table

ALTER EXTERNAL TABLE "AWS"."DEV"."EXT_WHOLE" SET AUTO_REFRESH = FALSE;
