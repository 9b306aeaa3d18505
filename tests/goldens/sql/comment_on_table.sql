-- https://docs.snowflake.com/en/sql-reference/sql/comment
-- Assumed: The page names no object type of an external table; it is commented on as a TABLE.

COMMENT ON TABLE "AWS"."DEV"."EXT_WHOLE" IS 'it''s';

COMMENT ON TABLE "AWS"."DEV"."EVENTS" IS 'events';
