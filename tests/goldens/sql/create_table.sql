-- https://docs.snowflake.com/en/sql-reference/sql/create-table

CREATE TABLE IF NOT EXISTS "AWS"."DEV"."EVENTS" (
    "EVENT_ID" VARCHAR(64) NOT NULL,
    "FILENAME" VARCHAR
  )
  COMMENT = 'Tom & Jerry''s
landing \\ ☃ <b>';
