-- https://docs.snowflake.com/en/sql-reference/sql/create-stage

CREATE STAGE IF NOT EXISTS "AWS"."DEV"."LANDED"
  URL = 's3://hourglass/platform-events/landing/'
  STORAGE_INTEGRATION = "AWS_INTEGRATION";

CREATE STAGE IF NOT EXISTS "AWS"."DEV"."Landed 'whole'"
  URL = 's3://hourglass/platform-events/landing/'
  STORAGE_INTEGRATION = "AWS_INTEGRATION"
  DIRECTORY = (ENABLE = TRUE AUTO_REFRESH = FALSE REFRESH_ON_CREATE = FALSE)
  FILE_FORMAT = (TYPE = JSON ALLOW_DUPLICATE = TRUE FILE_EXTENSION = '.jsonl')
  COMMENT = 'Tom & Jerry''s
landing \\ ☃ <b>';
