{{ config(incremental_strategy='proven') }}

{{ usage_of(ref('first_events')) }}
where replication_hour in ({{ hourglass.stale_hours() }})
group by replication_hour, organization
