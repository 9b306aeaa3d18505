{#- Return the hours that this run counts, as literals, so that only their files are read; none for every hour.

    They are the hours of this run, and each hour whose events are no longer those of its last count: a late record of
    an earlier hour took an event from it. -#}
{% macro counted_hours(staged) %}
    {%- set hours = hour_literals() -%}
    {%- if hours is none -%}
        {{ return(none) }}
    {%- endif -%}
    {%- if execute and is_incremental() -%}
        {%- set changed -%}
            select coalesce(counted.replication_hour, staged.replication_hour) as replication_hour
            from {{ this }} as counted
            full outer join (
                select replication_hour, count(*) as events from {{ staged }} group by replication_hour
            ) as staged on counted.replication_hour = staged.replication_hour
            where coalesce(counted.events, 0) <> coalesce(staged.events, 0)
        {%- endset -%}
        {%- for row in run_query(changed).rows -%}
            {%- set literal = "'" ~ row[0].strftime('%Y-%m-%dT%H:00:00') ~ "'::timestamp_ntz" -%}
            {%- do hours.append(literal) if literal not in hours -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(hours) }}
{% endmacro %}


{#- Find hours in which accepted records, less the duplicates, are not the events of the staging model. -#}
{% test counts_add_up(model) %}
    select *
    from {{ model }}
    where accepted - duplicates <> events
{% endtest %}
