{#- dbt looks for an incremental strategy in the project itself. -#}
{% macro get_incremental_proven_sql(arg_dict) %}
    {{ return(hourglass.proven_sql(arg_dict)) }}
{% endmacro %}
