-- https://docs.snowflake.com/en/sql-reference/sql/create-table

CREATE TABLE IF NOT EXISTS "AWS"."DEV"."HOUR_OBJECTS" ("STREAM" varchar, "HOUR" timestamp_ntz, "OBJECT_KEY" varchar, "REVISION" integer, "PUBLISHED_AT" timestamp_ntz);
