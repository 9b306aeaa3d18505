with newest as (

    select
        organization,
        deployment,
        asset_key,
        check_name,
        passed
    from {{ ref('check_results') }}
    qualify row_number() over (
        partition by organization, deployment, asset_key, check_name
        order by evaluated_at desc, run_id desc
    ) = 1

),

failing as (

    select
        organization,
        deployment,
        asset_key,
        count_if(not passed) as failing_checks
    from newest
    group by organization, deployment, asset_key

)

select
    assets.organization,
    assets.deployment,
    assets.asset_key,
    assets.last_materialized_at,
    coalesce(failing.failing_checks, 0) as failing_checks
from {{ ref('assets') }} as assets
left join failing
    on
        assets.organization = failing.organization
        and assets.deployment is not distinct from failing.deployment
        and assets.asset_key = failing.asset_key
