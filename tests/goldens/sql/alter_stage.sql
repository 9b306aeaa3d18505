-- https://docs.snowflake.com/en/sql-reference/sql/alter-stage
-- Assumed: The page does not say that FILE_FORMAT with a TYPE begins from the defaults of that type.

ALTER STAGE "AWS"."DEV"."LANDED" SET
  FILE_FORMAT = (TYPE = JSON)
  COMMENT = 'it''s';

ALTER STAGE "AWS"."DEV"."LANDED" SET
  URL = 's3://hourglass/platform-events/landing/';
