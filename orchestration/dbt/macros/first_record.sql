{#- Select every event of an external table once, typed: the first record of each event. The model has the strategy
    `proven`, with the key of the event.

    One run reads the stale hours and writes only what changes: a record whose event is new, or whose event is known from
    a later record. So the model is the same whatever the order of the hours, and however often one of them runs. -#}
{% macro first_record_of_each_event(source_table) %}
{%- set hours = hourglass.stale_hours() %}
{%- set order_columns = record_order() %}

with arrived as (

    select
        {{ event_columns() }}
    from {{ source_table }}
    where replication_hour in ({{ hours }}) -- literals: only the files of these hours are read

),

first_arrived as (

    select *
    from arrived
    qualify row_number() over (
        partition by event_key
        order by {{ order_columns | join(', ') }}
    ) = 1

)

select first_arrived.*
from first_arrived
{%- if is_incremental() %}
left join {{ this }} as known
    on first_arrived.event_key = known.event_key
where
    known.event_key is null
    or {{ hourglass.comes_before('first_arrived', 'known', order_columns) }}
{%- endif %}
{% endmacro %}


{#- The events of an external table as they were published at a moment: the first record of each event among those that
    were published until then. A late record that has since taken its event to another hour does not count.

    The arguments are those of `hourglass.as_of`. The columns are those of the staging model, and `as_of`. -#}
{% macro events_as_of(source_table, moment) %}
select *
from (
    select
        as_of,
        {{ event_columns() }}
    from {{ hourglass.as_of(source_table, moment) }} as records
) as arrived
qualify row_number() over (
    partition by as_of, event_key
    order by {{ record_order() | join(', ') }}
) = 1
{% endmacro %}


{#- The typed columns of an event and of its record, of the columns of an external table. -#}
{% macro event_columns() -%}
{{ event_key() }} as event_key,
        event_id::varchar as event_id,
        event_type::varchar as event_type,
        schema_version::integer as schema_version,
        convert_timezone('UTC', occurred_at::timestamp_tz)::timestamp_ntz as occurred_at,
        organization::varchar as organization,
        deployment::varchar as deployment,
        shard::varchar as shard,
        run_id::varchar as run_id,
        asset_key::varchar as asset_key,
        partition_key::varchar as partition_key,
        step_key::varchar as step_key,
        payload,
        replication_hour::timestamp_ntz as replication_hour,
        topic::varchar as topic,
        kafka_partition::integer as kafka_partition,
        kafka_offset::integer as kafka_offset,
        kafka_timestamp::timestamp_ntz as kafka_timestamp
{%- endmacro %}
