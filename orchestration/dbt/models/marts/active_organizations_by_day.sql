select
    date_trunc('day', hour) as day,
    count(distinct organization) as organizations,
    sum(events) as events
from {{ ref('usage_by_organization_hour') }}
group by date_trunc('day', hour)
