{#- The newest event of the deployment stands for now: a view that asked the clock would call every asset late while
    nothing is published. -#}
with newest as (

    select
        organization,
        deployment,
        max(occurred_at) as last_event_at
    from {{ ref('stg_platform_events') }}
    group by organization, deployment

)

select
    assets.organization,
    assets.deployment,
    assets.asset_key,
    assets.last_materialized_at,
    datediff('second', assets.first_materialized_at, assets.last_materialized_at)
    / nullif(assets.materializations - 1, 0) as usual_seconds,
    datediff('second', assets.last_materialized_at, newest.last_event_at) as since_seconds
from {{ ref('assets') }} as assets
inner join newest
    on
        assets.organization = newest.organization
        and assets.deployment is not distinct from newest.deployment
