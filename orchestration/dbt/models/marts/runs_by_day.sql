select
    organization,
    date_trunc('day', started_at) as day,
    count(*) as runs,
    count_if(state = 'succeeded') as succeeded,
    count_if(state = 'failed') as failed,
    count_if(state = 'unfinished') as unfinished
from {{ ref('runs') }}
where started_at is not null
group by organization, date_trunc('day', started_at)
