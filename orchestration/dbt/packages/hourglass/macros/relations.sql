{#- The tables of the package, and what a model says about itself. -#}


{#- What `meta: {hourglass: ...}` of a node says, or an empty mapping. -#}
{% macro hourglass_meta(node) %}
    {{ return((node.config.meta or node.meta or {}).get('hourglass', {})) }}
{% endmacro %}


{#- The column with the hour of a row: `meta: {hourglass: {hour: ...}}`, by default `replication_hour`. -#}
{% macro hour_column(node) %}
    {{ return(hourglass.hourglass_meta(node).get('hour', 'replication_hour')) }}
{% endmacro %}


{#- The table that remembers what each hour of each model was built from, in the schema of the target:

    MODEL        unique id of the model; of a table that Python writes, `table:DATABASE.SCHEMA.NAME`
    INPUT        a stream, `stream:platform_events`, or what another row has as MODEL
    HOUR         of the rows, UTC
    FINGERPRINT  of the input's hour when it was read; null for an hour that was asked for and is not proven
    VERSION      of the model's rows of the hour: another one for each build that changes them
    BUILT_AT     by Snowflake's clock; null from the begin of a build to its end, and so is the hour forgotten

    Models that read the model compare VERSION, as the model compares FINGERPRINT. -#}
{% macro built_table() %}
    {{ return(api.Relation.create(
        database=target.database, schema=target.schema, identifier='BUILT_HOURS', type='table'
    )) }}
{% endmacro %}


{#- Create the table of built hours where it is missing. -#}
{% macro create_built_table() %}
    {%- set built = hourglass.built_table() -%}
    {%- if adapter.get_relation(built.database, built.schema, built.identifier) is none -%}
        {%- do run_query(
            'create table if not exists ' ~ built ~ ' (model varchar, input varchar, hour timestamp_ntz, '
            ~ 'fingerprint varchar, version varchar, built_at timestamp_ntz)'
        ) -%}
    {%- endif -%}
{% endmacro %}


{#- List what the model reads by proven hours: sources with a stream, sources that note their hours in the table of built
    hours (`built: true`, tables that Python writes), and models with the strategy `proven`.

    What a view or an ephemeral model reads counts as read by the model. Everything else, such as a seed or a table, has
    no hours: a change of it makes no hour stale. -#}
{% macro proven_inputs(node) %}
    {%- set found = {} -%}
    {%- for unique_id in node.depends_on.nodes -%}
        {%- if unique_id in graph.sources -%}
            {%- set source = graph.sources[unique_id] -%}
            {%- set stream = hourglass.hourglass_meta(source).get('stream') -%}
            {%- if hourglass.hourglass_meta(source).get('built') -%}
                {%- set name = 'table:' ~ ([source.database, source.schema, source.identifier] | join('.') | upper) -%}
                {%- do found.update({name: {'model': name}}) -%}
            {%- elif stream -%}
                {%- set hours = api.Relation.create(
                    database=source.database, schema=source.schema, identifier='HOURS'
                ) -%}
                {%- do found.update({'stream:' ~ stream: {'stream': stream, 'hours': hours}}) -%}
            {%- endif -%}
        {%- elif unique_id in graph.nodes -%}
            {%- set parent = graph.nodes[unique_id] -%}
            {%- if parent.config.incremental_strategy == 'proven' -%}
                {%- do found.update({unique_id: {'model': unique_id}}) -%}
            {%- elif parent.config.materialized in ['view', 'ephemeral'] -%}
                {%- do found.update(hourglass.proven_inputs(parent)) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}
