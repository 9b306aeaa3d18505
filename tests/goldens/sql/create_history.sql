-- https://docs.snowflake.com/en/sql-reference/sql/create-table

CREATE TABLE IF NOT EXISTS "AWS"."DEV"."METAPIPELINE_HISTORY" ("DAY" date, "MODELS" integer, "SOURCES" integer, "REPORTS" integer, "REPORTS_ACTIVE" integer, "REPORTS_ARCHIVED" integer, "UNUSED" integer, "REMOVED" integer, "RUN_SECONDS" double, "CREDITS" double);
