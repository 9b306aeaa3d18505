{#- Return the rows of an external table as they were published at a moment, or up to a revision of each hour: a subquery.

        select * from {{ hourglass.as_of(source('platform_events', 'ext_flink_event_log'), '2025-09-01') }} as records

    Objects are never changed and an amendment only adds some, so these are the rows of the objects that were published
    until then. An hour that was not published yet has none.

    Args:
        source: of an external table, with `meta: {hourglass: {stream: NAME}}`. `file` and `hour` beside `stream` name
            the columns with the object's key and with the hour; by default `filename` and `replication_hour`.
        moment: in UTC, `2025-09-01` or `2025-09-01T06:30:00`; or a query of one column with moments in UTC, such as the
            dates of all invoices. Each row has its moment in the column `as_of`, and is there once for each moment.
        revision: instead of a moment, the newest revision of each hour that counts. -#}
{% macro as_of(source, moment=none, revision=none) %}
    {%- if not execute -%}
        {{ return(source) }}
    {%- endif -%}
    {%- if (moment is none) == (revision is none) -%}
        {{ exceptions.raise_compiler_error("as_of: give a moment or a revision.") }}
    {%- endif -%}
    {%- set meta = hourglass.stream_of(source) -%}
    {%- do hourglass.require_objects(source, meta.stream) -%}
    {%- set objects = source.incorporate(path={'identifier': 'HOUR_OBJECTS'}, type='table') -%}
    {{ return(hourglass.rows_as_of(source, meta, objects, moment, revision)) }}
{% endmacro %}


{% macro rows_as_of(source, meta, objects, moment, revision) -%}
(
    {%- if moment is not none %}
    with given (as_of) as ({{ hourglass.moments(moment) }}),
    moments as (select distinct as_of::timestamp_ntz as as_of from given)
    select recorded.*, moments.as_of
    {%- else %}
    select recorded.*
    {%- endif %}
    from {{ source }} as recorded
    inner join {{ objects }} as published
        on
            recorded.{{ meta.get('hour', 'replication_hour') }} = published.hour
            and recorded.{{ meta.get('file', 'filename') }} = published.object_key
            and published.stream = '{{ meta.stream }}'
    {%- if moment is not none %}
    inner join moments on published.published_at <= moments.as_of
    {%- else %}
            and published.revision <= {{ revision | int }}
    {%- endif %}
)
{%- endmacro %}


{% macro moments(moment) -%}
    {%- if modules.re.match('\\s*(select|with)\\b', moment | string, modules.re.IGNORECASE) -%}
        {{ return(moment) }}
    {%- elif modules.re.fullmatch('\\d{4}-\\d{2}-\\d{2}([ T]\\d{2}:\\d{2}(:\\d{2}([.]\\d+)?)?)?', moment | string) -%}
        {{ return("select '" ~ moment ~ "'::timestamp_ntz") }}
    {%- endif -%}
    {{ exceptions.raise_compiler_error(
        "as_of: the moment is '" ~ moment ~ "'. Write it in UTC, '2025-09-01' or '2025-09-01T06:30:00', or a query of "
        ~ "moments: 'select made_at from ' ~ ref('invoices')."
    ) }}
{%- endmacro %}


{#- What the source of a relation says below `meta: {hourglass: ...}`; a relation without a stream is an error. -#}
{% macro stream_of(relation) %}
    {%- for source in graph.sources.values() -%}
        {%- set meta = hourglass.hourglass_meta(source) -%}
        {%- set place = [source.database, source.schema, source.identifier] | join('.') | lower -%}
        {%- if meta.stream and place == [relation.database, relation.schema, relation.identifier] | join('.') | lower -%}
            {{ return(meta) }}
        {%- endif -%}
    {%- endfor -%}
    {{ exceptions.raise_compiler_error(
        "as_of: " ~ relation ~ " is no source of a stream: give it `meta: {hourglass: {stream: NAME}}`."
    ) }}
{% endmacro %}


{#- Refuse to answer while the objects of a published hour are unknown: its rows would be missing without a word. -#}
{% macro require_objects(source, stream) %}
    {%- set repair = "write them with `hourglass hours --stream " ~ stream ~ " table`." -%}
    {%- set objects = adapter.get_relation(source.database, source.schema, 'HOUR_OBJECTS') -%}
    {%- if objects is none -%}
        {{ exceptions.raise_compiler_error("as_of: there is no table HOUR_OBJECTS beside " ~ source ~ ": " ~ repair) }}
    {%- endif -%}
    {%- set hours = source.incorporate(path={'identifier': 'HOURS'}, type='table') -%}
    {%- set unknown = run_query(
        "select count(*) from " ~ hours ~ " where stream = '" ~ stream ~ "' and accepted > 0 and hour not in "
        ~ "(select hour from " ~ objects ~ " where stream = '" ~ stream ~ "')"
    ).rows[0][0] -%}
    {%- if unknown -%}
        {{ exceptions.raise_compiler_error(
            "as_of: " ~ unknown ~ " published hours of " ~ stream ~ " have no objects in HOUR_OBJECTS: " ~ repair
        ) }}
    {%- endif -%}
{% endmacro %}
