-- https://docs.snowflake.com/en/sql-reference/sql/alter-file-format

ALTER FILE FORMAT "AWS"."DEV"."ALL_CSV" RENAME TO "AWS"."DEV"."ALL_CSV of 2025";
