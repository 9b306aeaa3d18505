select
    organization,
    deployment,
    run_id,
    min(iff(event_type = 'RUN_START', occurred_at, null)) as started_at,
    max(iff(event_type in ('RUN_SUCCESS', 'RUN_FAILURE', 'RUN_CANCELED'), occurred_at, null)) as ended_at,
    case
        when count_if(event_type = 'RUN_SUCCESS') > 0 then 'succeeded'
        when count_if(event_type = 'RUN_FAILURE') > 0 then 'failed'
        when count_if(event_type = 'RUN_CANCELED') > 0 then 'canceled'
        else 'unfinished'
    end as state,
    datediff('millisecond', started_at, ended_at) / 1000 as seconds
from {{ ref('stg_platform_events') }}
where run_id is not null
group by organization, deployment, run_id
