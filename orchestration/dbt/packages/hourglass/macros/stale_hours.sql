{#- Return the hours that this build of the model takes, as what stands in the brackets of `in (...)`:

        {%- set hours = hourglass.stale_hours() %}
        select ... from {{ ref('stg_platform_events') }} where replication_hour in ({{ hours }})

    An hour is stale when every input has it proven, and the fingerprint of one of them is not the one that the model was
    built from. So there is no look-back and no maximum of a time. With the variable `hours` the run takes these hours,
    stale or not, and those that another model changed. A first build and a full refresh take every proven hour.

    They are literals, so that only the files of these hours are read, or a query where every hour is taken. Without a
    stale hour it is `null`, which no hour is in.

    The hours are forgotten here, with the fingerprints that they are built from now: until the end of the build they are
    stale. A command that builds nothing, such as `compile`, only asks. -#}
{% macro stale_hours() %}
    {%- if not execute -%}
        {{ return('null') }}
    {%- endif -%}
    {%- set inputs, asked, whole = hourglass.proven_inputs(model), hourglass.hours_of_run(), not is_incremental() -%}
    {%- if not inputs -%}
        {{ exceptions.raise_compiler_error(
            model.name ~ " reads nothing that is proven by hours: give a source `meta: {hourglass: {stream: NAME}}`, "
            ~ "or read a model with the strategy `proven`."
        ) }}
    {%- endif -%}
    {%- do hourglass.create_built_table() -%}
    {%- set plan = hourglass.plan_query(inputs, asked, whole) -%}
    {%- set builds = model.resource_type == 'model' and invocation_args_dict.which in ['run', 'build', 'retry'] -%}
    {%- if whole -%}
        {%- do hourglass.require_no_loss(plan) -%}
    {%- endif -%}
    {%- if builds -%}
        {%- do hourglass.begin_work(plan, whole) -%}
    {%- endif -%}
    {%- set hours = hourglass.hours_in_work() if builds else 'select hour from (' ~ plan ~ ') as plan' -%}
    {%- if whole -%}
        {{ return(hours) }}
    {%- endif -%}
    {%- if asked is not none and inputs.values() | selectattr('model', 'defined') | list | length == 0 -%}
        {{ return(asked | join(', ')) }}
    {%- endif -%}
    {%- set literals = [] -%}
    {%- for row in run_query('select distinct hour from (' ~ hours ~ ') as hours order by hour').rows -%}
        {%- do literals.append("'" ~ row[0].strftime('%Y-%m-%dT%H:00:00') ~ "'::timestamp_ntz") -%}
    {%- endfor -%}
    {{ return(literals | join(', ') or 'null') }}
{% endmacro %}


{#- Forget the hours of a plan, and keep what they are built from: one row for each hour and input, without a time. -#}
{% macro begin_work(plan, whole) %}
    {%- set built = hourglass.built_table() -%}
    {%- if whole -%}
        {%- do run_query('delete from ' ~ built ~ " where model = '" ~ model.unique_id ~ "'") -%}
    {%- endif -%}
    {%- call statement('hourglass_plan') -%}
merge into {{ built }} as kept
using ({{ plan }}) as plan
on kept.model = '{{ model.unique_id }}' and kept.input = plan.input and kept.hour = plan.hour
when matched then update set
    fingerprint = plan.fingerprint, version = '{{ invocation_id }}', built_at = null
when not matched then insert (model, input, hour, fingerprint, version)
    values ('{{ model.unique_id }}', plan.input, plan.hour, plan.fingerprint, '{{ invocation_id }}')
    {%- endcall -%}
{% endmacro %}


{#- The plan of a build: one row for each hour and input. -#}
{% macro plan_query(inputs, asked, whole) %}
with proven as (
    {%- for name, input in inputs.items() %}
    {{ 'union all ' if not loop.first }}
    {%- if input.stream %}select '{{ name }}' as input, 'stream' as kind, hour, fingerprint
    from {{ input.hours }} where stream = '{{ input.stream }}'
    {%- else %}select '{{ name }}' as input, 'model' as kind, hour, max_by(version, built_at) as fingerprint
    from {{ hourglass.built_table() }} where model = '{{ name }}' and built_at is not null group by hour
    {%- endif %}
    {%- endfor %}
),
compared as (
    select proven.hour, proven.kind, built.fingerprint is distinct from proven.fingerprint as differs
    from proven
    left join {{ hourglass.built_table() }} as built
        on
            built.model = '{{ model.unique_id }}'
            and built.input = proven.input
            and built.hour = proven.hour
            and built.built_at is not null
),
taken as (
    {%- if whole or asked is none %}
    select hour from compared
    group by hour
    having count(*) = {{ inputs | length }}{{ ' and count_if(differs) > 0' if not whole }}
    {%- else %}
    select hour from compared where kind = 'model' and differs
    {%- endif %}
    {%- for literal in asked or [] %}
    union select {{ literal }} as hour
    {%- endfor %}
),
inputs as (
    {%- for name in inputs %}
    {{ 'union all ' if not loop.first }}select '{{ name }}' as input
    {%- endfor %}
)
select distinct taken.hour, inputs.input, proven.fingerprint
from taken
cross join inputs
left join proven on proven.input = inputs.input and proven.hour = taken.hour
{% endmacro %}


{#- Refuse to build a table again without hours that it has: they were published before the table `HOURS` was there. -#}
{% macro require_no_loss(plan) %}
    {%- set existing, column = load_relation(this), hourglass.hour_column(model) -%}
    {%- if existing is none or not existing.is_table or var('hourglass_lose_hours', false) -%}
        {{ return('') }}
    {%- endif -%}
    {%- set names = adapter.get_columns_in_relation(existing) | map(attribute='name') | map('lower') -%}
    {%- if column | lower in names -%}
        {%- set lost = run_query(
            'select count(distinct ' ~ column ~ ') from ' ~ existing
            ~ ' where ' ~ column ~ ' not in (select hour from (' ~ plan ~ ') as plan)'
        ).rows[0][0] -%}
        {%- if lost -%}
            {{ exceptions.raise_compiler_error(
                this ~ " has " ~ lost ~ " hours that are not proven: a full refresh would lose them. Write them into "
                ~ "the table HOURS with `hourglass hours table`, or lose them: --vars '{hourglass_lose_hours: true}'."
            ) }}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
