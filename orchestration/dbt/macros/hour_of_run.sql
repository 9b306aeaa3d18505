{#- With `where: hour_of_run` in its configuration, a test reads the rows of the hours of this run, or all rows in a run
    of every hour. Any other `where` is not changed. -#}
{% macro get_where_subquery(relation) %}
    {%- set where = config.get('where') -%}
    {%- if where == 'hour_of_run' -%}
        {%- set hours = hourglass.hours_of_run() -%}
        {%- set where = none if hours is none else 'replication_hour in (' ~ hours | join(', ') ~ ')' -%}
    {%- endif -%}
    {%- if where -%}
        {{ return('(select * from ' ~ relation ~ ' where ' ~ where ~ ') dbt_subquery') }}
    {%- endif -%}
    {{ return(relation) }}
{% endmacro %}
