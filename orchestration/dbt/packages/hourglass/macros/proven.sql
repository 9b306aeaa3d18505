{#- The incremental strategy `proven`: replace the rows of the stale hours, and remember what they were built from.

    A project that installs the package needs a macro of this name, which calls `hourglass.proven_sql(arg_dict)`. -#}
{% macro get_incremental_proven_sql(arg_dict) %}
    {{ return(hourglass.proven_sql(arg_dict)) }}
{% endmacro %}


{#- Build the stale hours, which `stale_hours` has forgotten before:

    1. Give a new version to the hours that lose rows to these, and replace the rows of these; with a `unique_key`, take
       the first row of each key.
    2. Remember what the hours were built from, and commit.

    Whatever part of it is committed, an hour that is not whole is not remembered, and so is stale: dbt-snowflake does not
    roll back a transaction in which a statement failed, and the next one of its session would commit it.

    The rows are a statement of their own, because dbt reports that of the last statement alone. -#}
{% macro proven_sql(arg_dict) %}
    {%- set keys = arg_dict['unique_key'] -%}
    {%- set keys = [keys] if keys is string else keys -%}
    {%- call statement('hourglass_rows') -%}
        begin;
        {% if keys %}
        {{ hourglass.new_version_of_displaced(arg_dict, keys) }};
        {{ hourglass.keep_first_rows(arg_dict, keys) }}
        {% else %}
        {{ hourglass.replace_hours(arg_dict) }}
        {% endif %}
    {%- endcall -%}
    {{ return(hourglass.remember_hours() ~ ';\ncommit;') }}
{% endmacro %}


{#- After a first build or a full refresh, remember every hour. After a build by the strategy, report its rows: those of
    `main` are rows of the bookkeeping. Configure it once for all models of a project:

        models:
          +post-hook: "{{ hourglass.remember_built() }}"

    It does nothing after a build of any other model. -#}
{% macro remember_built() %}
    {%- if execute and model.config.incremental_strategy == 'proven' -%}
        {%- set rows = load_result('hourglass_rows') -%}
        {%- if rows is none -%}
            {{ return(hourglass.remember_hours()) }}
        {%- endif -%}
        {%- do store_result('main', response=rows.response) -%}
    {%- endif -%}
{% endmacro %}


{% macro replace_hours(arg_dict) -%}
    {%- set column = hourglass.hour_column(model) -%}
    {%- set names = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
        delete from {{ arg_dict['target_relation'] }} where {{ column }} in ({{ hourglass.hours_in_work() }});
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
        where model = '{{ model.unique_id }}' and built_at is not null and hour in (
            select kept.{{ hourglass.hour_column(model) }}
            from {{ arg_dict['target_relation'] }} as kept
            inner join {{ arg_dict['temp_relation'] }} as given on {{ hourglass.same_key('kept', 'given', keys) }}
            where {{ hourglass.comes_before('given', 'kept', hourglass.first_by()) }}
        )
{%- endmacro %}


{% macro remember_hours() -%}
        update {{ hourglass.built_table() }} set built_at = sysdate()
        where model = '{{ model.unique_id }}' and version = '{{ invocation_id }}' and built_at is null
{%- endmacro %}


{% macro hours_in_work() -%}
    select hour from {{ hourglass.built_table() }}
    where model = '{{ model.unique_id }}' and version = '{{ invocation_id }}' and built_at is null
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
