select
    organization,
    deployment,
    min(occurred_at) as first_event_at,
    max(occurred_at) as last_event_at,
    count(*) as events
from {{ ref('stg_platform_events') }}
group by organization, deployment
