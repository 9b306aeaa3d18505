-- https://docs.snowflake.com/en/sql-reference/sql/desc

DESCRIBE STAGE "AWS"."DEV"."Landed 'whole'";

DESCRIBE TABLE "AWS"."DEV"."EVENTS";
