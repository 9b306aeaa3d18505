{#- Return the hours of this run as timestamp literals, or none for every hour.

    The variable `hours` is a list of hours of the form 2025-08-01T03, in UTC; the variable `hour` is one of them. A full
    refresh is of every hour, whatever they are: a table that is rebuilt from some hours would lose the other hours. -#}
{% macro hour_literals() %}
    {%- set hours = var('hours', none) or ([var('hour')] if var('hour', none) is not none else none) -%}
    {%- if hours is none or flags.FULL_REFRESH -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set literals = [] -%}
    {%- for hour in hours -%}
        {%- if not modules.re.fullmatch('\\d{4}-\\d{2}-\\d{2}T\\d{2}', hour | string) -%}
            {{ exceptions.raise_compiler_error(
                "The variable hour is '" ~ hour ~ "'. Write a full hour in UTC: --vars '{hour: 2025-08-01T03}'."
            ) }}
        {%- endif -%}
        {%- do literals.append("'" ~ hour ~ ":00:00'::timestamp_ntz") -%}
    {%- endfor -%}
    {{ return(literals) }}
{% endmacro %}


{#- With `where: hour_of_run` in its configuration, a test reads the rows of the hours of this run, or all rows in a run
    of every hour. Any other `where` is not changed. -#}
{% macro get_where_subquery(relation) %}
    {%- set where = config.get('where') -%}
    {%- if where == 'hour_of_run' -%}
        {%- set hours = hour_literals() -%}
        {%- set where = none if hours is none else 'replication_hour in (' ~ hours | join(', ') ~ ')' -%}
    {%- endif -%}
    {%- if where -%}
        {{ return('(select * from ' ~ relation ~ ' where ' ~ where ~ ') dbt_subquery') }}
    {%- endif -%}
    {{ return(relation) }}
{% endmacro %}
