-- https://docs.snowflake.com/en/sql-reference/sql/merge


        MERGE INTO "AWS"."DEV"."HOUR_OBJECTS" AS kept
        USING (SELECT COLUMN1::varchar AS "STREAM", COLUMN2::timestamp_ntz AS "HOUR", COLUMN3::varchar AS "OBJECT_KEY", COLUMN4::integer AS "REVISION", COLUMN5::timestamp_ntz AS "PUBLISHED_AT" FROM VALUES ('platform_events', '2025-08-01 03:00:00.000000', 'a.jsonl', 1, '2025-08-01 05:01:00.000000'), ('platform_events', '2025-08-01 03:00:00.000000', 'b.jsonl', 1, '2025-08-01 05:01:00.000000')) AS given
        ON kept."STREAM" = given."STREAM" AND kept."HOUR" = given."HOUR" AND kept."OBJECT_KEY" = given."OBJECT_KEY"
        WHEN NOT MATCHED THEN INSERT ("STREAM", "HOUR", "OBJECT_KEY", "REVISION", "PUBLISHED_AT") VALUES (given."STREAM", given."HOUR", given."OBJECT_KEY", given."REVISION", given."PUBLISHED_AT")
    ;
