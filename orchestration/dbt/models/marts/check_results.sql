select
    organization,
    deployment,
    asset_key,
    payload:check_name::varchar as check_name,
    run_id,
    occurred_at as evaluated_at,
    event_type = 'ASSET_CHECK_PASSED' as passed
from {{ ref('stg_platform_events') }}
where event_type in ('ASSET_CHECK_PASSED', 'ASSET_CHECK_FAILED') and asset_key is not null
