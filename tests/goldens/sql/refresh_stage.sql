-- https://docs.snowflake.com/en/sql-reference/sql/alter-stage

ALTER STAGE "AWS"."DEV"."LANDED" REFRESH;

ALTER STAGE "AWS"."DEV"."LANDED" REFRESH SUBPATH = '2025/08/01/03/';
