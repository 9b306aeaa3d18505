-- https://docs.snowflake.com/en/sql-reference/sql/alter-table

ALTER TABLE "AWS"."DEV"."EXT_WHOLE" ADD COLUMN IF NOT EXISTS "Number of 'offset'" NUMBER(38, 0) AS (value:offset::number);
