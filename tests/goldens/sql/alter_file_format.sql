-- https://docs.snowflake.com/en/sql-reference/sql/alter-file-format

ALTER FILE FORMAT "AWS"."DEV"."LINES" SET
  ALLOW_DUPLICATE = TRUE
  COMMENT = 'lines';
