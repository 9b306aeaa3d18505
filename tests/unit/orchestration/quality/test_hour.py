"""The checks of what is usual in an hour, each seen red on the local Snowflake or on the objects of the bucket."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

from flink_jobs.contracts.layout import Hour, Kind
from orchestration.landing.publication import Publication, write_publication
from orchestration.quality.definitions.hour import HOUR_CHECKS, Measured, hour_quality
from orchestration.stream.binding import BoundStream
from tests.fakes.landing import H1, FakeLanding
from tests.fakes.local_snowflake import FOREIGN_WARNING, Lines
from tests.fakes.streams import bound, document
from tests.unit.orchestration.landing.hour_job import DOCUMENT, materialized, publish, with_fake_table
from tests.unit.orchestration.quality.conftest import LocalTable

pytestmark = [
    pytest.mark.filterwarnings(FOREIGN_WARNING),
    pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated"),  # Dagster's own
    pytest.mark.filterwarnings("ignore:.*is currently in beta"),  # Dagster's own
]

OBJECT = "platform-events/landing/2025/08/01/01/part-0123456789ab.1-0-0.jsonl"
"""Holds the offsets 0 and 2 of partition 0; the hour has four rows and one rejected record."""
STRICT = {
    "rejected_share_max": 0.2,
    "unknown_type_share_max": 0.2,
    "mistyped_payload_share_max": 0.2,
    "duplicate_share_max": 0.2,
    "clock_skew_seconds_max": 60,
    "late_minutes_max": 140,
}
"""Limits that the hour keeps as it landed: it is published 130 minutes after its end."""


def compared(its: BoundStream, hour: Hour = H1) -> dict[str, tuple[bool, str, dict[str, Any]]]:
    """Make every comparison of an hour, in the order of the step."""
    measured = measured_hour(its, hour)
    made = {check.name: check.compare(measured) for check in HOUR_CHECKS}
    return {name: (found.passed, found.sentence, dict(found.numbers)) for name, found in made.items()}


def measured_hour(its: BoundStream, hour: Hour) -> Measured:
    """Measure one hour."""
    return Measured(its, hour, lambda: its.table.figures([hour]))


def with_event(**fields: Any) -> Callable[[Lines], Lines]:
    """Change fields of the event in the second line of an object; None removes a field."""

    def change(lines: Lines) -> Lines:
        event = {name: value for name, value in (lines[1]["event"] | fields).items() if value is not None}
        return [lines[0], lines[1] | {"event": event}]

    return change


def repeated(lines: Lines) -> Lines:
    """Give the second line the event of the first one."""
    return [lines[0], lines[1] | {"event": lines[0]["event"]}]


@pytest.mark.parametrize(
    ("change", "name", "sentence"),
    [
        (with_event(event_type="NOVELTY"), "unknown_types", "1 of 4 records of 2025-08-01T01 have an unknown type, as"),
        (with_event(event_type="RUN_START"), "mistyped_payloads", "lack a field of their type, as RUN_START: 25.00%"),
        (repeated, "duplicates", "repeat an event of the hour: 25.00%, the limit is 20.00%"),
        (with_event(occurred_at="2025-08-01T02:00:30+00:00"), "clock_skew", "up to 90 s ahead of the record time"),
    ],
    ids=["unknown type", "mistyped", "repeated", "clock ahead"],
)  # fmt: skip
def test_odd_events_are_red_and_the_hour_is_published(
    table: LocalTable, change: Callable[[Lines], Lines], name: str, sentence: str
) -> None:
    """Every record is there, so no blocking check fails; the check with the limit of the stream names the events."""
    table.bucket.change_lines(OBJECT, change)
    result = table.publish(checks=STRICT)
    failed = {found.check_name: found for found in result.get_asset_check_evaluations() if not found.passed}
    assert {name} == set(failed)
    assert sentence in str(failed[name].description)
    assert (dg.AssetCheckSeverity.WARN, H1.partition_key) == (failed[name].severity, failed[name].partition)
    assert "published_hour" in materialized(result)


def test_an_hour_within_its_limits_is_green_by_one_statement(table: LocalTable) -> None:
    """All checks are one step of the run."""
    result = table.publish(checks=STRICT)
    assert not [found.check_name for found in result.get_asset_check_evaluations() if not found.passed]
    evaluated = {found.check_name for found in result.get_asset_check_evaluations()}
    assert {check.name for check in HOUR_CHECKS} <= evaluated
    assert {"hour_quality"} == {
        event.step_key for event in result.all_events if event.step_key and "quality" in event.step_key
    }


def test_several_hours_are_measured_by_one_statement(table: LocalTable) -> None:
    """Each hour has its own figures; an hour without rows is absent."""
    table.bucket.change_lines(OBJECT, with_event(event_type="NOVELTY"))
    table.publish()
    table.refresh()
    found = table.client.figures([H1, H1.plus(1), H1.plus(2), H1.plus(9)])
    assert {H1: (4, 1), H1.plus(1): (4, 0), H1.plus(2): (3, 0)} == {
        hour: (figures.rows, figures.unknown_types) for hour, figures in found.items()
    }
    assert OBJECT in found[H1].objects
    assert OBJECT not in found[H1.plus(1)].objects


def test_without_limits_nothing_is_red_and_the_numbers_are_there(table: LocalTable) -> None:
    """A stream that names no limit still shows what they would be compared with."""
    table.bucket.change_lines(OBJECT, with_event(event_type="NOVELTY", occurred_at="2025-08-01T00:29:00+00:00"))
    table.publish()
    found = compared(table.bound())
    assert {True} == {passed for passed, _, _ in found.values()}
    assert {"records": 1, "of": 4, "share": 0.25, "unknown_type": "NOVELTY"} == found["unknown_types"][2]
    late = found["lateness"][2]
    assert (2, 5400.0) == (late["recommended_lookback_hours"], late["created_to_record_max_seconds"])


def test_the_way_of_an_hour_is_measured_from_creation_to_published(table: LocalTable) -> None:
    """The bucket's times are compared with the record times of each object, and with the publication."""
    for key in table.fake.bucket.objects:
        table.fake.bucket.modified[key] = H1.end + timedelta(minutes=5)
    table.publish()
    passed, sentence, numbers = compared(table.bound(checks={"late_minutes_max": 120}))["lateness"]
    assert (False, 125.0) == (passed, numbers["published_after_minutes"])
    assert "queryable 125 minutes after its end or its newest object, the limit is 120" in sentence
    assert (64 * 60, 125 * 60) == (numbers["record_to_landed_max_seconds"], numbers["landed_to_queryable_max_seconds"])


def test_rejected_records_are_an_error_above_their_limit(fake: FakeLanding) -> None:
    """The seal has their number and their reasons."""
    publish_over_fakes(fake)
    its = bound(fake, document(checks={"rejected_share_max": 0.1}))
    passed, sentence, numbers = share_of(its)
    assert (False, ["not_json: 1"]) == (passed, numbers["reasons"])
    assert (
        "1 of 5 records of 2025-08-01T01 are rejected, most of them not_json: 20.00%, the limit is 10.00%" == sentence
    )
    assert share_of(bound(fake, document(checks={"rejected_share_max": 0.2})))[0]


def share_of(its: BoundStream) -> tuple[bool, str, dict[str, Any]]:
    """Compare the rejected records alone; the fake table answers no statement about events."""
    found = next(check for check in HOUR_CHECKS if check.name == "rejected_share").compare(measured_hour(its, H1))
    return found.passed, found.sentence, dict(found.numbers)


def publish_over_fakes(fake: FakeLanding) -> None:
    """Publish hour 01 over the fake table."""
    with dg.DagsterInstance.ephemeral() as instance:
        assert publish(with_fake_table(fake), instance).success


def published_before(fake: FakeLanding, hour: Hour, days: dict[int, int]) -> None:
    """Publish the same hour of earlier days, with so many records."""
    for day, records in days.items():
        earlier = hour.plus(-24 * day)
        publication = Publication(
            stream="platform-events", hour=earlier, revision=1, records=records, fingerprint="f", checks={},
            published_at=earlier.end, run_id="r",
        )  # fmt: skip
        assert write_publication(fake.bucket, fake.stream.layout, publication)


def volume_of(its: BoundStream, name: str, hour: Hour = H1) -> tuple[bool, str]:
    """Make one comparison with earlier days."""
    found = next(check for check in HOUR_CHECKS if check.name == name).compare(measured_hour(its, hour))
    return found.passed, found.sentence


@pytest.mark.parametrize(
    ("days", "passed", "sentence"),
    [
        ({1: 10, 2: 20, 3: 11}, False, "11 is the median of 3 earlier days: 0.45 times, the least is 0.5"),
        ({1: 1, 2: 1, 7: 90}, False, "1 is the median of 3 earlier days: 5.00 times, the most is 3"),
        ({1: 5, 2: 4, 3: 6}, True, "5 records of 2025-08-01T01, 5 is the median of 3 earlier days: 1.00 times"),
        ({1: 500, 2: 500, 8: 500}, True, "5 records; too little history: 2 of 3 days"),
        ({1: 0, 2: 0, 3: 0}, True, "5 records of 2025-08-01T01, 0 is the median of 3 earlier days: no ratio"),
    ],
    ids=["less", "more", "usual", "too little history", "no ratio"],
)  # fmt: skip
def test_the_volume_is_compared_with_the_same_hour_of_earlier_days(
    fake: FakeLanding, days: dict[int, int], passed: bool, sentence: str
) -> None:
    """One odd day does not move the median, and the eighth day does not count."""
    publish_over_fakes(fake)
    published_before(fake, H1, days)
    its = bound(fake, document(checks={"volume_ratio_min": 0.5, "volume_ratio_max": 3}))
    found = volume_of(its, "volume")
    assert passed == found[0]
    assert found[1].endswith(sentence)


@pytest.mark.parametrize(
    ("days", "passed", "sentence"),
    [
        ({1: 10, 2: 20, 3: 11}, False, "each of 3 earlier days had at least 10 records in this hour"),
        ({1: 10, 2: 20, 3: 0}, True, "is empty, as it was on earlier days"),
        ({1: 10, 2: 20}, True, "is empty; too little history: 2 of 3 days"),
    ],
    ids=["never empty before", "empty before", "too little history"],
)
def test_an_empty_hour_is_red_where_earlier_days_had_records(
    fake: FakeLanding, days: dict[int, int], passed: bool, sentence: str
) -> None:
    """Nothing was produced for the hour: it is proven and published with 0 records, and somebody should look."""
    fake.broker.records = {0: fake.broker.records[0][:3] + fake.broker.records[0][5:], 1: []}
    fake.bucket.objects = {}
    fake.job.land_all(fake.clock.utc_now())
    with dg.DagsterInstance.ephemeral() as instance:
        assert publish(with_fake_table(fake), instance, H1.plus(1)).success
    assert not list(fake.bucket.list(fake.stream.layout.hour_prefix(Kind.LANDING, H1.plus(1))))
    published_before(fake, H1.plus(1), days)
    found = volume_of(bound(fake, document()), "not_empty", H1.plus(1))
    assert passed == found[0]
    assert sentence in found[1]


def test_a_check_that_cannot_be_made_is_red_and_the_others_are_made(fake: FakeLanding) -> None:
    """The fake table has no answer to the statement about the events: nothing passes silently."""
    defs = with_fake_table(fake)
    defs = dg.Definitions.merge(defs, dg.Definitions(asset_checks=[hour_quality(DOCUMENT)]))
    with dg.DagsterInstance.ephemeral() as instance:
        result = publish(defs, instance)
    found = {one.check_name: one for one in result.get_asset_check_evaluations() if not one.passed}
    assert {"unknown_types", "mistyped_payloads", "duplicates", "lateness", "clock_skew"} == set(found)
    assert str(found["lateness"].description).startswith("could not be checked: ")
    assert {"published_hour"} <= materialized(result)
    assert 1 == sum("PERCENTILE_CONT" in sql for sql in fake.table.sent)
