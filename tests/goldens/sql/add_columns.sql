-- https://docs.snowflake.com/en/sql-reference/sql/alter-table

ALTER TABLE "AWS"."DEV"."EVENTS" ADD COLUMN "OFFSET" NUMBER(38, 0);
