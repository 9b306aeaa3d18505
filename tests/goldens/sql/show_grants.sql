-- https://docs.snowflake.com/en/sql-reference/sql/show-grants

SHOW GRANTS ON FILE FORMAT "AWS"."DEV"."LINES";

SHOW GRANTS ON STAGE "AWS"."DEV"."Landed 'whole'";

SHOW GRANTS ON EXTERNAL TABLE "AWS"."DEV"."EXT_WHOLE";

SHOW GRANTS ON TABLE "AWS"."DEV"."EVENTS";
