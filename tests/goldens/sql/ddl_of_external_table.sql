-- https://docs.snowflake.com/en/sql-reference/functions/get_ddl

SELECT GET_DDL('TABLE', '"AWS"."DEV"."EXT_WHOLE"') AS DDL;
