-- https://docs.snowflake.com/en/sql-reference/sql/alter-stage

ALTER STAGE "AWS"."DEV"."Landed 'whole'" RENAME TO "AWS"."DEV"."Landed 'whole' of 2025";
