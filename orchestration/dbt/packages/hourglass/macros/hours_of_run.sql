{#- Return the hours that this run was asked to build, as timestamp literals, or none when no hour was named.

    The variable `hours` is a list of hours of the form 2025-08-01T03, in UTC; the variable `hour` is one of them. A full
    refresh is of every hour, whatever they are: a table that is rebuilt from some hours would lose the other hours. -#}
{% macro hours_of_run() %}
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
