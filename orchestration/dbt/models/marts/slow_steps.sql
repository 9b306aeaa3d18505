with typical as (

    select
        organization,
        step_key,
        median(seconds) as typical_seconds
    from {{ ref('steps') }}
    group by organization, step_key

)

select
    steps.organization,
    steps.run_id,
    steps.step_key,
    steps.ended_at,
    steps.seconds,
    typical.typical_seconds
from {{ ref('steps') }} as steps
inner join typical
    on
        steps.organization = typical.organization
        and steps.step_key = typical.step_key
where steps.seconds > 3 * typical.typical_seconds
