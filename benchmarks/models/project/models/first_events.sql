{{
    config(
        incremental_strategy='proven',
        unique_key='event_id',
        meta={'hourglass': {'first_by': ['kafka_timestamp', 'kafka_offset']}},
    )
}}

select *
from {{ source('raw', 'events') }}
where replication_hour in ({{ hourglass.stale_hours() }})
qualify row_number() over (partition by event_id order by kafka_timestamp, kafka_offset) = 1
