select
    organization,
    deployment,
    asset_key,
    count(*) as materializations,
    min(materialized_at) as first_materialized_at,
    max(materialized_at) as last_materialized_at
from {{ ref('materializations') }}
group by organization, deployment, asset_key
