select
    organization,
    date_trunc('day', evaluated_at) as day,
    count(*) as evaluations,
    count_if(not passed) as failed
from {{ ref('check_results') }}
group by organization, date_trunc('day', evaluated_at)
