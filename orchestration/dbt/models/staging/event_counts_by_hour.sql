{#- Accepted records and duplicates are counted in the external table, events in the staging model: an event that the
    staging model lost makes the two sides differ. -#}
{{
    config(
        materialized='incremental',
        incremental_strategy='proven',
        on_schema_change='fail',
    )
}}

{%- set of_hours = 'where replication_hour in (' ~ hourglass.stale_hours() ~ ')' %}

select
    replication_hour,
    sum(accepted)::integer as accepted,
    sum(duplicates)::integer as duplicates,
    sum(events)::integer as events
from (
    select
        arrived.replication_hour,
        1 as accepted,
        iff(earlier.event_key is null, 0, 1) as duplicates,
        0 as events
    from (
        select
            {{ event_key() }} as event_key,
            replication_hour::timestamp_ntz as replication_hour,
            topic::varchar as topic,
            kafka_partition::integer as kafka_partition,
            kafka_offset::integer as kafka_offset,
            kafka_timestamp::timestamp_ntz as kafka_timestamp
        from {{ source('platform_events', 'ext_flink_event_log') }}
        {{ of_hours }}
    ) as arrived
    left join {{ ref('stg_platform_events') }} as earlier
        on
            arrived.event_key = earlier.event_key
            and {{ hourglass.comes_before('earlier', 'arrived', record_order()) }}
    union all
    select
        replication_hour,
        0 as accepted,
        0 as duplicates,
        1 as events
    from {{ ref('stg_platform_events') }}
    {{ of_hours }}
) as records
group by replication_hour
