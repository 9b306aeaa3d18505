-- https://docs.snowflake.com/en/sql-reference/sql/delete

DELETE FROM "AWS"."DEV"."BUILT_HOURS" WHERE model = 'table:AWS.DEV.SCORES' AND hour IN ('2025-08-01 03:00:00', '2025-08-01 04:00:00');
