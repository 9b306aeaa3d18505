"""Build models day after day, and compare them after each day with a query over everything that has landed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.models.records import HOURS_PER_DAY, START, days
from benchmarks.models.touched import FirstRecords
from benchmarks.models.warehouse import Warehouse
from flink_jobs.contracts.layout import Hour

_USAGE = "SELECT replication_hour, organization, COUNT(*) AS records, SUM(credits) AS credits FROM {} GROUP BY 1, 2"
_FIRST = (
    "SELECT * FROM AWS.DEV.RAW_EVENTS "
    "QUALIFY ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY kafka_timestamp, kafka_offset) = 1"
)
PROVEN = {
    "usage_proven": _USAGE.format("AWS.DEV.RAW_EVENTS"),
    "first_events": _FIRST,
    "usage_of_events": _USAGE.format(f"({_FIRST}) AS firsts"),
}
"""The models by proven hours, and the query that each must equal."""
LOOK_BACK_HOURS = (1, 2, 48)


@dataclass(frozen=True, slots=True)
class Built:
    """One model after one day.

    Args:
        day: from 1.
        model: its name.
        different: rows in which it differs from a query over everything.
        rebuilt: hours that the build took.
        touched: hours whose rows the day changed.
        exact: whether these are the same hours.
    """

    day: int
    model: str
    different: int
    rebuilt: int
    touched: int
    exact: bool


def simulate(its: Warehouse, count: int, records_per_hour: int, seed: int = 7) -> Iterator[Built]:
    """Land, publish and build each day; yield what each model is after it.

    The hours that a proven model took are those whose version changed, as the models behind it see them.
    """
    its.create_source()
    revisions: dict[Hour, int] = {}
    firsts = FirstRecords()
    versions: dict[str, dict[Hour, str]] = {model: {} for model in PROVEN}
    for number, records in enumerate(days(count, records_per_hour, seed), 1):
        day = {Hour.containing(START).plus((number - 1) * HOURS_PER_DAY + hour) for hour in range(HOURS_PER_DAY)}
        changed = day | {record.hour for record in records}
        displaced = firsts.add(records)
        revisions |= {hour: revisions.get(hour, 0) + 1 for hour in changed}
        its.land(records)
        its.publish("events", {hour: revisions[hour] for hour in changed})
        its.dbt("run", "--vars", f"{{day: {min(day).start:%Y-%m-%d}}}")
        expected = {
            "usage_proven": changed,
            "first_events": changed | displaced,
            "usage_of_events": changed | displaced,
        }
        for model, whole in PROVEN.items():
            newest = its.versions(model)
            rebuilt = {hour for hour, version in newest.items() if versions[model].get(hour) != version}
            versions[model] = newest
            touched = expected[model]
            yield Built(number, model, its.differences(model, whole), len(rebuilt), len(touched), rebuilt == touched)
        for hours in LOOK_BACK_HOURS:
            model = f"look_back_{hours}"
            rebuilt_hours = (
                HOURS_PER_DAY * number if number == 1 else min(HOURS_PER_DAY + hours, HOURS_PER_DAY * number)
            )
            different = its.differences(model, PROVEN["usage_proven"])
            yield Built(number, model, different, rebuilt_hours, len(changed), exact=False)
