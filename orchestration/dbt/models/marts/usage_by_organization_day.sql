select
    organization,
    date_trunc('day', hour)::date as day,
    count(*) as hours,
    sum(events) as events,
    sum(runs_started) as runs_started,
    sum(steps_started) as steps_started,
    sum(materializations) as materializations,
    sum(failures) as failures
from {{ ref('usage_by_organization_hour') }}
group by organization, date_trunc('day', hour)::date
