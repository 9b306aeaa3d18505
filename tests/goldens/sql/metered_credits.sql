-- https://docs.snowflake.com/en/sql-reference/account-usage/warehouse_metering_history


        SELECT WAREHOUSE_NAME, CONVERT_TIMEZONE('UTC', START_TIME)::timestamp_ntz AS HOUR,
               SUM(CREDITS_USED_COMPUTE)::double AS CREDITS
        FROM "SNOWFLAKE"."ACCOUNT_USAGE"."WAREHOUSE_METERING_HISTORY"
        WHERE START_TIME >= '2025-08-01T00:00:00Z'::timestamp_tz
        GROUP BY 1, 2
    ;
