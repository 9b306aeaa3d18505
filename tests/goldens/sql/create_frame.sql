-- https://docs.snowflake.com/en/sql-reference/sql/create-table

CREATE TABLE IF NOT EXISTS "AWS"."DEV"."SCORES" ("ORGANIZATION" varchar, "REPLICATION_HOUR" timestamp_ntz, "EVENTS" integer, "SHARE" double, "GOOD" boolean) COMMENT = 'Rows of an asset of Dagster';
