{#- Find hours in which accepted records, less the duplicates, are not the events of the staging model. -#}
{% test counts_add_up(model) %}
    select *
    from {{ model }}
    where accepted - duplicates <> events
{% endtest %}


{#- Find hours that do not add up, or whose events are not those of the last count, whichever hours the run builds:
    something else than a build changed them. -#}
{% test counts_are_of(model, staged) %}
    select coalesce(counted.replication_hour, staged.replication_hour) as replication_hour
    from {{ model }} as counted
    full outer join (
        select replication_hour, count(*) as events from {{ staged }} group by replication_hour
    ) as staged on counted.replication_hour = staged.replication_hour
    where
        coalesce(counted.events, 0) <> coalesce(staged.events, 0)
        or counted.accepted - counted.duplicates <> counted.events
{% endtest %}
