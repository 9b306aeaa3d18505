{#- A view, not a table: a late record can move an event to an earlier hour, which changes two hours at once, and an
    incremental table would have to know both. A view is the recount itself. -#}
{{ config(materialized='view', meta={'hourglass': {'hour': 'hour'}}) }}

select
    organization,
    replication_hour as hour,
    count(*) as events,
    count_if(event_type = 'RUN_START') as runs_started,
    count_if(event_type = 'STEP_START') as steps_started,
    count_if(event_type = 'ASSET_MATERIALIZATION') as materializations,
    count_if(event_type in ('RUN_FAILURE', 'STEP_FAILURE')) as failures
from {{ ref('stg_platform_events') }}
group by organization, replication_hour
