select
    organization,
    deployment,
    run_id,
    step_key,
    occurred_at as ended_at,
    event_type = 'STEP_SUCCESS' as succeeded,
    try_to_double(payload:duration_seconds::varchar) as seconds -- whatever text a producer sends, the view answers
from {{ ref('stg_platform_events') }}
where event_type in ('STEP_SUCCESS', 'STEP_FAILURE')
