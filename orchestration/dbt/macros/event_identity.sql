{#- Return the identity of an event as one text: (organization, deployment, shard, event_id), where a missing deployment
    or shard equals a missing one. Each part is its length and its characters, so two identities never look alike. -#}
{% macro event_key() %}
    {%- for column in ['organization', 'deployment', 'shard', 'event_id'] -%}
        {{ ' || ' if not loop.first }}coalesce(length({{ column }}::varchar)::varchar || ':' || {{ column }}::varchar, '-')
    {%- endfor -%}
{% endmacro %}


{#- The columns that order the records of an event: of several records the first one is kept. No two records are equal,
    because a topic has one record at an offset of a partition. -#}
{% macro record_order() %}
    {{ return(['kafka_timestamp', 'kafka_partition', 'kafka_offset', 'topic']) }}
{% endmacro %}
