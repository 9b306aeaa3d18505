{{ config(materialized="dynamic_table", target_lag="1 hour", snowflake_warehouse="W", enabled=var("dynamic", false) | as_bool) }}
select id from {{ ref("orders") }}
