-- https://docs.snowflake.com/en/sql-reference/sql/create-external-table

CREATE EXTERNAL TABLE IF NOT EXISTS "AWS"."DEV"."EXT_PLAIN"
  LOCATION = @"AWS"."DEV"."LANDED"/
  AUTO_REFRESH = FALSE
  REFRESH_ON_CREATE = FALSE
  FILE_FORMAT = (TYPE = JSON);

CREATE EXTERNAL TABLE IF NOT EXISTS "AWS"."DEV"."EXT_WHOLE" (
    "FILENAME" VARCHAR AS (METADATA$FILENAME),
    "YEAR" VARCHAR AS (SPLIT_PART(METADATA$FILENAME, '/', -5)),
    "Day of 'month'" NUMBER(2, 0) AS (SPLIT_PART(METADATA$FILENAME, '/', -3)::NUMBER(2, 0)),
    "EVENT_ID" VARCHAR AS (value:event:event_id::varchar)
  )
  PARTITION BY ("YEAR", "Day of 'month'")
  LOCATION = @"AWS"."DEV"."LANDED"/2025/
  AUTO_REFRESH = FALSE
  REFRESH_ON_CREATE = FALSE
  PATTERN = '.*\\.jsonl'
  FILE_FORMAT = (FORMAT_NAME = '"AWS"."DEV"."LINES"')
  COMMENT = 'Tom & Jerry''s
landing \\ ☃ <b>';

CREATE EXTERNAL TABLE IF NOT EXISTS "AWS"."DEV"."EXT_FLINK_EVENT_LOG" (
    "FILENAME" VARCHAR AS (METADATA$FILENAME),
    "REPLICATION_HOUR" TIMESTAMP AS (CAST(SPLIT_PART(METADATA$FILENAME, '/', 3) || '-' || SPLIT_PART(METADATA$FILENAME, '/', 4) || '-' || SPLIT_PART(METADATA$FILENAME, '/', 5) || ' ' || SPLIT_PART(METADATA$FILENAME, '/', 6) || ':00:00' AS TIMESTAMP)),
    "TOPIC" VARCHAR AS (value:topic::varchar),
    "KAFKA_PARTITION" INTEGER AS (value:partition::integer),
    "KAFKA_OFFSET" INTEGER AS (value:offset::integer),
    "KAFKA_TIMESTAMP" TIMESTAMP AS (value:timestamp::timestamp),
    "EVENT_ID" VARCHAR AS (value:event:event_id::varchar),
    "EVENT_TYPE" VARCHAR AS (value:event:event_type::varchar),
    "SCHEMA_VERSION" INTEGER AS (value:event:schema_version::integer),
    "OCCURRED_AT" TIMESTAMP_TZ AS (value:event:occurred_at::timestamp_tz),
    "ORGANIZATION" VARCHAR AS (value:event:organization::varchar),
    "DEPLOYMENT" VARCHAR AS (value:event:deployment::varchar),
    "SHARD" VARCHAR AS (value:event:shard::varchar),
    "RUN_ID" VARCHAR AS (value:event:run_id::varchar),
    "ASSET_KEY" VARCHAR AS (value:event:asset_key::varchar),
    "PARTITION_KEY" VARCHAR AS (value:event:partition_key::varchar),
    "STEP_KEY" VARCHAR AS (value:event:step_key::varchar),
    "PAYLOAD" VARIANT AS (value:event:payload)
  )
  PARTITION BY ("REPLICATION_HOUR")
  LOCATION = @"AWS"."DEV"."LANDED"/
  AUTO_REFRESH = FALSE
  REFRESH_ON_CREATE = FALSE
  PATTERN = '.*[.]jsonl([.](zst|gz))?'
  FILE_FORMAT = (TYPE = JSON STRIP_OUTER_ARRAY = FALSE ALLOW_DUPLICATE = TRUE)
  COMMENT = 'One row per accepted line below stage_flink_event_log';
