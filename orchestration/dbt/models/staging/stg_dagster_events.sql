{{
    config(
        materialized='incremental',
        incremental_strategy='proven',
        unique_key='event_key',
        on_schema_change='fail',
        meta={'hourglass': {'first_by': record_order()}},
    )
}}

{{ first_record_of_each_event(source('dagster_events', 'ext_dagster_event_log')) }}
