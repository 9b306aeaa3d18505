-- https://docs.snowflake.com/en/sql-reference/sql/create-table

CREATE TABLE IF NOT EXISTS "AWS"."DEV"."HOURS" ("STREAM" varchar, "HOUR" timestamp_ntz, "REVISION" integer, "FINGERPRINT" varchar, "ACCEPTED" integer, "REJECTED" integer, "OBJECTS" integer, "BYTES" integer, "PUBLISHED_AT" timestamp_ntz);
