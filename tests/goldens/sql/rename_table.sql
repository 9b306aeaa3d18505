-- https://docs.snowflake.com/en/sql-reference/sql/alter-table

ALTER TABLE "AWS"."DEV"."EVENTS" RENAME TO "AWS"."DEV"."EVENTS of 2025";
