-- https://docs.snowflake.com/en/sql-reference/sql/create-table

CREATE TABLE IF NOT EXISTS "AWS"."DEV"."BUILT_HOURS" (model varchar, input varchar, hour timestamp_ntz, fingerprint varchar, version varchar, built_at timestamp_ntz);
