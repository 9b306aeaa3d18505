-- https://docs.snowflake.com/en/sql-reference/sql/copy-into-table

COPY INTO "AWS"."DEV"."EVENTS" ("EVENT_ID", "FILENAME")
  FROM (SELECT
    $1:event:event_id::varchar,
    METADATA$FILENAME
    FROM @"AWS"."DEV"."LANDED"/)
  FILE_FORMAT = (TYPE = JSON)
  ON_ERROR = ABORT_STATEMENT;

COPY INTO "AWS"."DEV"."EVENTS" ("EVENT_ID", "FILENAME", "OFFSET")
  FROM (SELECT
    $1:event:event_id::varchar,
    METADATA$FILENAME,
    $1:offset::number
    FROM @"AWS"."DEV"."LANDED"/2025/08/01/03/)
  PATTERN = '.*[.]jsonl'
  FILE_FORMAT = (FORMAT_NAME = '"AWS"."DEV"."LINES"')
  ON_ERROR = 'SKIP_FILE_5%'
  LOAD_UNCERTAIN_FILES = TRUE;
