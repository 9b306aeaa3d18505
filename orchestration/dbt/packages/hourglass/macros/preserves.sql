{#- Find the groups in which a model does not have what its input has.

    Args:
        of: the input.
        what: `rows`, `rows - repeats`, or an aggregate of the input, a number.
        kept: the aggregate of the model that must equal it; `rows` by default where `what` counts rows, else `what`.
        key: with `rows - repeats`, what makes two rows one: a list of columns, or an expression.
        by: columns of the groups; `{of the model: of the input}` where the names differ.
        only: a condition on the input.
        hours: column with the hour, as in `by`; a run of named hours compares those alone. -#}
{% test preserves(model, of, what, kept=none, key=none, by=[], only=none, hours=none) %}
    {%- set input, output = hourglass.conserved_measures(what, kept, key) -%}
    {%- set columns = hourglass.pairs_of_columns(by) -%}
    {%- set named = hourglass.hours_of_run() if hours is not none else none -%}
    {%- set hour = (hourglass.pairs_of_columns([hours]) | first) if named is not none else none -%}
with preserved as (
    select {% for _, column in columns %}{{ column }} as by_{{ loop.index }}, {% endfor %}{{ input }} as measure
    from {{ of }}
    where {{ only or 'true' }}{% if hour %} and {{ hour[1] }} in ({{ named | join(', ') }}){% endif %}
    {{ hourglass.group_by_numbers(columns) }}
),
found as (
    select {% for column, _ in columns %}{{ column }} as by_{{ loop.index }}, {% endfor %}{{ output }} as measure
    from {{ model }}
    {% if hour %}where {{ hour[0] }} in ({{ named | join(', ') }}){% endif %}
    {{ hourglass.group_by_numbers(columns) }}
)
select
    {% for _ in columns %}coalesce(preserved.by_{{ loop.index }}, found.by_{{ loop.index }}) as by_{{ loop.index }},
    {% endfor -%}
    preserved.measure as preserved,
    found.measure as found
from preserved
full outer join found
    on {% for _ in columns %}preserved.by_{{ loop.index }} is not distinct from found.by_{{ loop.index }} and {% endfor %}true
where
    -- a sum of floating-point numbers depends on their order: beyond its rounding two numbers differ
    abs(coalesce(preserved.measure, 0) - coalesce(found.measure, 0))
    > 1e-12 * greatest(abs(coalesce(preserved.measure, 0)), abs(coalesce(found.measure, 0)))
{% endtest %}


{#- Return the aggregate of the input and the one of the model. -#}
{% macro conserved_measures(what, kept, key) %}
    {%- if what == 'rows' -%}
        {{ return(('count(*)', kept or 'count(*)')) }}
    {%- elif what == 'rows - repeats' -%}
        {%- if key is none -%}
            {{ exceptions.raise_compiler_error("preserves: `rows - repeats` needs `key`, what makes two rows one.") }}
        {%- elif key is string -%}
            {{ return(('count(distinct ' ~ key ~ ')', kept or 'count(*)')) }}
        {%- endif -%}
        {#- a distinct count of several columns leaves out rows with a null in one of them -#}
        {%- set texts = [] -%}
        {%- for column in key -%}
            {%- do texts.append("coalesce(length(" ~ column ~ "::varchar) || ':' || " ~ column ~ "::varchar, '-')") -%}
        {%- endfor -%}
        {{ return(('count(distinct ' ~ texts | join(' || ') ~ ')', kept or 'count(*)')) }}
    {%- endif -%}
    {{ return((what, kept or what)) }}
{% endmacro %}


{#- Return the columns of the groups as pairs of a column of the model and one of the input. -#}
{% macro pairs_of_columns(by) %}
    {%- set pairs = [] -%}
    {%- for column in by -%}
        {%- if column is string -%}
            {%- do pairs.append((column, column)) -%}
        {%- else -%}
            {%- for name, of_input in column.items() -%}{%- do pairs.append((name, of_input)) -%}{%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(pairs) }}
{% endmacro %}


{% macro group_by_numbers(columns) -%}
    {%- if columns %}group by {% for _ in columns %}{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}{% endif -%}
{%- endmacro %}
