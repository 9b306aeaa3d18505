{{
    config(
        materialized='incremental',
        incremental_strategy='merge',
        unique_key='event_key',
        on_schema_change='fail',
    )
}}

{{ first_record_of_each_event(source('dagster_events', 'ext_dagster_event_log')) }}
