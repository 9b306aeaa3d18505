"""The checks of a stream that belong to no hour, over the objects of a bucket and the offsets of a broker."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg
import pytest

from flink_jobs.contracts.layout import Hour, Kind
from orchestration.landing.clients.kafka import RecordTime
from orchestration.landing.comparison.checks import Comparison
from orchestration.landing.errors import BrokerUnavailableError, BucketUnavailableError
from orchestration.quality.definitions.standing import evaluate, newest_expected, standing_checks, standing_sensor
from orchestration.stream.definitions.assets import external_assets
from tests.fakes.landing import H1, FakeLanding
from tests.fakes.streams import bound, document
from tests.unit.orchestration.landing.hour_job import publish, with_fake_table

DOCUMENT = document()
CHECKS = {"expected_hour", "unpublished_hours", "ledger_readable", "retention"}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def published(fake: FakeLanding, instance: dg.DagsterInstance) -> FakeLanding:
    """The hours 01, 02 and 03 are published at 04:10; all of them must be from 04:15:35 on."""
    for hour in (H1, H1.plus(1), H1.plus(2)):
        assert publish(with_fake_table(fake), instance, hour).success
    return fake


def found(fake: FakeLanding, instance: dg.DagsterInstance) -> dict[str, Comparison]:
    """Evaluate the checks."""
    return dict(evaluate(bound(fake, DOCUMENT), instance))


def red(fake: FakeLanding, instance: dg.DagsterInstance) -> dict[str, str]:
    """Return the sentences of the checks that fail."""
    return {name: one.sentence for name, one in found(fake, instance).items() if not one.passed}


def test_a_stream_with_every_hour_published_is_green(published: FakeLanding, instance: dg.DagsterInstance) -> None:
    """The sentences name the hours."""
    assert not red(published, instance)
    passed = found(published, instance)
    assert set(passed) == CHECKS
    assert "2025-08-01T02 is published" == passed["expected_hour"].sentence
    assert "every hour from 2025-08-01T01 to 2025-08-01T02 is published" == passed["unpublished_hours"].sentence


def test_the_newest_full_hour_is_late_after_the_allowance(published: FakeLanding, instance: dg.DagsterInstance) -> None:
    """Nothing at all lands any more: no sensor and no run says so, this check does."""
    published.clock.time = H1.plus(4).start + timedelta(minutes=15, seconds=34)
    assert "expected_hour" not in red(published, instance)
    published.clock.time = H1.plus(4).start + timedelta(minutes=15, seconds=35)
    said = red(published, instance)
    assert (
        "2025-08-01T04 should be published by now; 2025-08-01T03 is the newest published hour" == said["expected_hour"]
    )
    assert "1 hours are not published, 0 of them are sealed; the first is 2025-08-01T04" == said["unpublished_hours"]


def test_with_create_time_no_hour_is_expected_behind_the_last_record(
    published: FakeLanding, instance: dg.DagsterInstance
) -> None:
    """A replay of last year is over, and nothing more comes; a record that has not landed ends the silence."""
    published.broker.record_time = RecordTime.CREATE
    published.clock.time += timedelta(days=300)
    assert not {"expected_hour", "unpublished_hours"} & set(red(published, instance))
    published.broker.records[0] += [H1.plus(40).start]
    said = red(published, instance)
    assert "2025-08-02T17 should be published by now" in said["expected_hour"]
    assert said["unpublished_hours"].startswith("38 hours are not published, 0 of them are sealed")


def test_an_hour_whose_publication_was_deleted_is_unpublished(
    published: FakeLanding, instance: dg.DagsterInstance
) -> None:
    """It is sealed, so its run failed, or somebody removed the object."""
    (key,) = [one.key for one in published.bucket.list(published.stream.layout.hour_prefix(Kind.PUBLISHED, H1))]
    del published.bucket.objects[key]
    one = found(published, instance)["unpublished_hours"]
    assert (False, ["2025-08-01T01 is sealed"]) == (one.passed, one.numbers["hours"])
    assert "run its partition again" in str(one.numbers["repair"])


@pytest.mark.parametrize(
    ("cadence", "expected"),
    [
        ("on_arrival", "2025-08-01T02"),
        ({"every_hours": 6}, "2025-07-31T23"),
        ({"cron": "30 3 * * *"}, "2025-08-01T02"),
        ({"cron": "0 4 1 * *"}, "2025-07-01T03"),
    ],
    ids=["on arrival", "every six hours", "cron", "cron, monthly"],
)
def test_an_hour_is_expected_when_its_cadence_publishes_it(cadence: object, expected: str) -> None:
    """At 04:10; a stream that publishes at midnight does not miss the hour of the morning."""
    now = H1.plus(3).start + timedelta(minutes=10)
    assert Hour.from_label(expected) == newest_expected(document(cadence=cadence), now)
    assert newest_expected(document(first_hour="2025-08-02T00"), now) is None


def test_a_damaged_object_of_the_ledger_is_named(published: FakeLanding, instance: dg.DagsterInstance) -> None:
    """The other checks are evaluated; how long an hour can be proven is not known without the ledger."""
    (key, *_) = [one.key for one in published.bucket.list(published.stream.layout.prefix(Kind.LEDGER))]
    published.bucket.objects[key] = published.bucket.objects[key][:-40]
    its = found(published, instance)
    assert {"ledger_readable"} == set(red(published, instance))
    assert its["ledger_readable"].sentence.startswith(
        f"1 findings, the first: ledger object {key}: its last line has no end"
    )
    assert "retention" not in its


def test_a_gap_of_the_ledger_is_named(published: FakeLanding, instance: dg.DagsterInstance) -> None:
    """An entry is gone: later offsets landed."""
    published.broker.records[0] += [H1.plus(3).start + timedelta(minutes=minute) for minute in (1, 2)]
    published.job.land(0, 8, 8, published.clock.utc_now())
    assert (
        "1 findings, the first: platform-events[0]: offsets 7-7 are missing from the ledger"
        == red(published, instance)["ledger_readable"]
    )


def test_an_open_hour_near_the_retention_is_red_with_the_time_that_is_left(
    published: FakeLanding, instance: dg.DagsterInstance
) -> None:
    """Hour 04 has a record that has not landed; the topic keeps it for six hours."""
    published.broker.retention = timedelta(hours=6)
    published.broker.records[0].append(H1.plus(3).start + timedelta(minutes=1))
    published.clock.time = H1.plus(5).start + timedelta(minutes=10)
    one = found(published, instance)["retention"]
    assert one.passed
    assert "hour 2025-08-01T04 becomes unprovable in 3 h 50 min" in one.sentence
    published.clock.time = H1.plus(6).start + timedelta(minutes=50)
    one = found(published, instance)["retention"]
    assert (False, 2.17, 1) == (one.passed, one.numbers["hours_left"], one.numbers["lag"])
    assert (
        "hour 2025-08-01T04 becomes unprovable in 2 h 10 min: topic platform-events keeps records for 6 h"
        in one.sentence
    )


def test_without_the_broker_the_other_checks_are_evaluated(
    published: FakeLanding, instance: dg.DagsterInstance
) -> None:
    """The last evaluation of retention stays."""
    published.broker.failures = [BrokerUnavailableError("away")]
    assert CHECKS - {"retention"} == set(found(published, instance))


def test_the_sensor_reports_the_evaluations_and_dagster_keeps_them(
    published: FakeLanding, instance: dg.DagsterInstance
) -> None:
    """They are those of checks that the definitions have, so Dagster shows them at their assets."""
    context = dg.build_sensor_context(instance, resources={DOCUMENT.resource_key: bound(published, DOCUMENT)})
    tick = standing_sensor(DOCUMENT).evaluate_tick(context)
    keys = {event.asset_check_key for event in tick.asset_events if isinstance(event, dg.AssetCheckEvaluation)}
    assert set(standing_checks(DOCUMENT).check_keys) == keys
    published.bucket.failures = [BucketUnavailableError("away")]
    assert not standing_sensor(DOCUMENT).evaluate_tick(context).asset_events


def test_a_person_can_run_the_checks(published: FakeLanding, instance: dg.DagsterInstance) -> None:
    """As one step; a broker that is away is red there."""
    published.broker.failures = [BrokerUnavailableError("away")]
    defs = dg.Definitions(
        assets=external_assets(DOCUMENT),
        asset_checks=[standing_checks(DOCUMENT)],
        jobs=[dg.define_asset_job("by_hand", selection=dg.AssetSelection.all_asset_checks())],
        resources={DOCUMENT.resource_key: bound(published, DOCUMENT)},
    )
    result = defs.resolve_job_def("by_hand").execute_in_process(instance=instance)
    assert {"retention": False} | dict.fromkeys(CHECKS - {"retention"}, True) == {
        one.check_name: one.passed for one in result.get_asset_check_evaluations()
    }


def test_a_stream_without_records_expects_nothing(fake: FakeLanding, instance: dg.DagsterInstance) -> None:
    """A new stream is not red before its first record."""
    fake.bucket.objects = {}
    fake.broker.records = {0: [], 1: []}
    assert not red(fake, instance)
    assert "no hour is expected yet" == found(fake, instance)["expected_hour"].sentence
    assert Hour.from_label("2025-08-01T02") == newest_expected(DOCUMENT, fake.clock.utc_now())
