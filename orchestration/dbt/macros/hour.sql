{#- Return the hour of this run as a timestamp literal, or none for every hour.

    The variable `hour` has the form 2025-08-01T03, in UTC. A full refresh is of every hour, for any `hour`:
    a table that is rebuilt from one hour would lose the other hours. -#}
{% macro hour_literal() %}
    {%- set hour = var('hour', none) -%}
    {%- if hour is none or flags.FULL_REFRESH -%}
        {{ return(none) }}
    {%- endif -%}
    {%- if not modules.re.fullmatch('\\d{4}-\\d{2}-\\d{2}T\\d{2}', hour | string) -%}
        {{ exceptions.raise_compiler_error(
            "The variable hour is '" ~ hour ~ "'. Write a full hour in UTC: --vars '{hour: 2025-08-01T03}'."
        ) }}
    {%- endif -%}
    {{ return("'" ~ hour ~ ":00:00'::timestamp_ntz") }}
{% endmacro %}


{#- With `where: hour_of_run` in its configuration, a test reads the rows of the hour of this run, or all rows in a run
    of every hour. Any other `where` is not changed. -#}
{% macro get_where_subquery(relation) %}
    {%- set where = config.get('where') -%}
    {%- if where == 'hour_of_run' -%}
        {%- set hour = hour_literal() -%}
        {%- set where = none if hour is none else 'replication_hour = ' ~ hour -%}
    {%- endif -%}
    {%- if where -%}
        {{ return('(select * from ' ~ relation ~ ' where ' ~ where ~ ') dbt_subquery') }}
    {%- endif -%}
    {{ return(relation) }}
{% endmacro %}
