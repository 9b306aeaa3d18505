-- https://docs.snowflake.com/en/sql-reference/sql/select

SELECT HOUR, REVISION, FINGERPRINT FROM "AWS"."DEV"."HOURS" WHERE STREAM = 'platform_events' ORDER BY HOUR;
