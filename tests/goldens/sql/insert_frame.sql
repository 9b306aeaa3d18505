-- https://docs.snowflake.com/en/sql-reference/sql/insert

INSERT INTO "AWS"."DEV"."SCORES" ("ORGANIZATION", "REPLICATION_HOUR", "EVENTS", "SHARE", "GOOD") SELECT COLUMN1::varchar, COLUMN2::timestamp_ntz, COLUMN3::integer, COLUMN4::double, COLUMN5::boolean FROM VALUES ('it''s \\ acme', '2025-08-01 03:00:00.000000', NULL, '0.5', TRUE), ('it''s \\ acme', '2025-08-01 04:00:00.000000', NULL, '0.5', TRUE);
