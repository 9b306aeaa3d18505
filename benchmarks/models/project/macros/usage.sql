{#- What every roll-up of the simulation selects. -#}
{% macro usage_of(relation) %}
select
    replication_hour,
    organization,
    count(*) as records,
    sum(credits) as credits
from {{ relation }}
{% endmacro %}


{#- What dbt's microbatch does with batches of an hour: it replaces the hours of the day and so many before them. -#}
{% macro look_back(hours) %}
{{ usage_of(source('raw', 'events')) }}
{%- if is_incremental() %}
where replication_hour >= dateadd(hour, -{{ hours }}, '{{ var("day") }}'::timestamp_ntz)
{%- endif %}
group by replication_hour, organization
{% endmacro %}
