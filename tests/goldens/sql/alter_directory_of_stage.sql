-- https://docs.snowflake.com/en/sql-reference/sql/alter-stage
-- Assumed: The syntax of the page has ENABLE alone; AUTO_REFRESH is an option of CREATE STAGE.

ALTER STAGE "AWS"."DEV"."LANDED" SET
  DIRECTORY = (ENABLE = TRUE AUTO_REFRESH = FALSE);

ALTER STAGE "AWS"."DEV"."Landed 'whole'" SET
  DIRECTORY = (ENABLE = FALSE);
