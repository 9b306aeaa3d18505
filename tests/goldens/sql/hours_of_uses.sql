-- https://docs.snowflake.com/en/sql-reference/sql/select

SELECT DISTINCT REPLICATION_HOUR AS HOUR FROM "AWS"."DEV"."STG_PLATFORM_EVENTS" WHERE REPLICATION_HOUR >= '2025-08-01T00:00:00'::timestamp_ntz;
