{#- The incremental strategy `proven`: replace the rows of the stale hours, and remember what they were built from.

    A project that installs the package needs a macro of this name, which calls `hourglass.proven_sql(arg_dict)`. -#}
{% macro get_incremental_proven_sql(arg_dict) %}
    {{ return(hourglass.proven_sql(arg_dict)) }}
{% endmacro %}


{#- The statements of one build, in one transaction:

    1. Forget what the hours of the plan were built from.
    2. Replace their rows; with a `unique_key`, take the first row of each key.
    3. Remember what they were built from, and give them a new version.

    Whatever part of it is committed, an hour that is not whole is not remembered, and so is stale: dbt-snowflake does not
    roll back a transaction in which a statement failed, and the next one of its session would commit it. -#}
{% macro proven_sql(arg_dict) %}
    {%- set keys = arg_dict['unique_key'] -%}
    {%- do store_raw_result(name='hourglass_proven', message='built') -%}
    {%- set dml -%}
        {%- if keys %}
        {{ hourglass.new_version_of_displaced(arg_dict, [keys] if keys is string else keys) }};
        {%- endif %}
        {{ hourglass.forget_hours() }};
        {%- if keys %}
        {{ hourglass.keep_first_rows(arg_dict, [keys] if keys is string else keys) }};
        {%- else %}
        {{ hourglass.replace_hours(arg_dict) }};
        {%- endif %}
        {{ hourglass.remember_hours() }}
    {%- endset -%}
    {{ return(snowflake_dml_explicit_transaction(dml)) }}
{% endmacro %}


{#- After a first build or a full refresh, remember every hour. Configure it once for all models of a project:

        models:
          +post-hook: "{{ hourglass.remember_built() }}"

    It does nothing after a build by the strategy, or of any other model. -#}
{% macro remember_built() %}
    {%- if execute and model.config.incremental_strategy == 'proven' and load_result('hourglass_proven') is none -%}
        {{ return(snowflake_dml_explicit_transaction(hourglass.forget_hours() ~ '; ' ~ hourglass.remember_hours())) }}
    {%- endif -%}
{% endmacro %}


{% macro replace_hours(arg_dict) -%}
    {%- set column = hourglass.hour_column(model) -%}
    {%- set names = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
        delete from {{ arg_dict['target_relation'] }} where {{ column }} in (select hour from {{ hourglass.plan_table() }});
        insert into {{ arg_dict['target_relation'] }} ({{ names }})
        select {{ names }} from {{ arg_dict['temp_relation'] }}
{%- endmacro %}


{#- Write each row whose key is new, or is there from a later row: `meta: {hourglass: {first_by: [...]}}` has the columns
    that order the rows of a key. -#}
{% macro keep_first_rows(arg_dict, keys) -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | list -%}
        merge into {{ arg_dict['target_relation'] }} as kept
        using {{ arg_dict['temp_relation'] }} as given
        on {{ hourglass.same_key('kept', 'given', keys) }}
        when matched and {{ hourglass.comes_before('given', 'kept', hourglass.first_by()) }} then update set
            {% for column in columns %}{{ column }} = given.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
        when not matched then insert ({{ columns | join(', ') }})
            values ({% for column in columns %}given.{{ column }}{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}


{#- An hour that loses a row to an earlier one of another hour has other rows, though its input did not change. -#}
{% macro new_version_of_displaced(arg_dict, keys) -%}
        update {{ hourglass.built_table() }} set version = '{{ invocation_id }}'
        where model = '{{ model.unique_id }}' and hour in (
            select kept.{{ hourglass.hour_column(model) }}
            from {{ arg_dict['target_relation'] }} as kept
            inner join {{ arg_dict['temp_relation'] }} as given on {{ hourglass.same_key('kept', 'given', keys) }}
            where {{ hourglass.comes_before('given', 'kept', hourglass.first_by()) }}
        )
{%- endmacro %}


{% macro forget_hours() -%}
        delete from {{ hourglass.built_table() }}
        where model = '{{ model.unique_id }}' and hour in (select hour from {{ hourglass.plan_table() }})
{%- endmacro %}


{% macro remember_hours() -%}
        insert into {{ hourglass.built_table() }} (model, input, hour, fingerprint, version, built_at)
        select '{{ model.unique_id }}', input, hour, fingerprint, '{{ invocation_id }}', sysdate()
        from {{ hourglass.plan_table() }}
{%- endmacro %}


{% macro first_by() %}
    {%- set columns = hourglass.hourglass_meta(model).get('first_by') -%}
    {%- if not columns -%}
        {{ exceptions.raise_compiler_error(
            model.name ~ " has a unique_key: name the columns that order the rows of a key, the first one is kept: "
            ~ "`meta: {hourglass: {first_by: [kafka_timestamp, kafka_partition, kafka_offset]}}`."
        ) }}
    {%- endif -%}
    {{ return(columns) }}
{% endmacro %}


{% macro same_key(left, right, keys) -%}
    {%- for key in keys %}{{ ' and ' if not loop.first }}{{ left }}.{{ key }} = {{ right }}.{{ key }}{% endfor -%}
{%- endmacro %}
