select
    organization,
    deployment,
    asset_key,
    partition_key,
    run_id,
    occurred_at as materialized_at,
    try_to_number(payload:metadata:rows::varchar) as row_count
from {{ ref('stg_platform_events') }}
where event_type = 'ASSET_MATERIALIZATION' and asset_key is not null
