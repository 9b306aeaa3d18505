{#- Compare two rows by several columns in order; Snowflake has no `(a, b) < (c, d)`. -#}
{% macro comes_before(left, right, columns) %}
    (
    {%- for column in columns %}
        {{ 'or ' if not loop.first }}(
            {%- for equal in columns[: loop.index0] %}{{ left }}.{{ equal }} = {{ right }}.{{ equal }} and {% endfor -%}
            {{ left }}.{{ column }} < {{ right }}.{{ column }})
    {%- endfor %}
    )
{%- endmacro %}
