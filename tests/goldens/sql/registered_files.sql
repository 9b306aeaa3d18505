-- https://docs.snowflake.com/en/sql-reference/functions/external_table_files

SELECT FILE_NAME FROM TABLE("AWS".INFORMATION_SCHEMA.EXTERNAL_TABLE_FILES(TABLE_NAME => '"AWS"."DEV"."EXT_PLAIN"'));
