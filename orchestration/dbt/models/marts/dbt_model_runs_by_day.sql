select
    organization,
    payload:dbt_model::varchar as dbt_model,
    date_trunc('day', occurred_at) as day,
    count(*) as runs,
    count_if(event_type = 'STEP_SUCCESS') as succeeded,
    count_if(event_type = 'STEP_FAILURE') as failed,
    sum(try_to_double(payload:duration_seconds::varchar)) as seconds -- whatever text a producer sends, the view answers
from {{ ref('stg_platform_events') }}
where event_type in ('STEP_SUCCESS', 'STEP_FAILURE') and payload:dbt_model is not null
group by organization, payload:dbt_model::varchar, date_trunc('day', occurred_at)
