"""Topics, landing job and objects are observed at every tick, also while no hour completes or a system is away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

from flink_jobs.errors import UnreachableError
from flink_jobs.flink.rest import JobState
from orchestration.landing.clients.kafka import RecordTime
from orchestration.landing.errors import BrokerUnavailableError, BucketUnavailableError
from orchestration.stream.definitions.observing import LastSeen, observe, observing_sensor, read_last_seen
from tests.fakes.landing import FakeLanding
from tests.fakes.streams import FakeFlink, bound, document

DOCUMENT = document()
TOPIC, WRITER, OBJECTS = (key.to_user_string() for key in DOCUMENT.keys.external(DOCUMENT.topics))


def facts(
    fake: FakeLanding, flink: FakeFlink | None = None, last_seen: LastSeen | None = None
) -> tuple[dict[str, dict[str, Any]], LastSeen]:
    """Observe once; return the metadata of each asset, and when each was seen."""
    observed = bound(fake, DOCUMENT, flink).observed
    observations, seen = observe(DOCUMENT, observed, last_seen or LastSeen())
    read = {
        found.asset_key.to_user_string(): {name: value.value for name, value in found.metadata.items()}
        for found in observations
    }
    return read, seen


def test_a_topic_shows_its_ends_and_the_time_of_its_newest_records(fake: FakeLanding) -> None:
    """By partition; the document and the topic agree on whose clock record time is."""
    found, _ = facts(fake)
    assert {"0": 7, "1": 5} == found[TOPIC]["end_offsets"]
    assert {"0": "2025-08-01T03:30:00+00:00", "1": "2025-08-01T03:02:00+00:00"} == found[TOPIC]["last_record_times"]
    assert (12, "LogAppendTime", "2025-08-01T04:10:00+00:00") == tuple(
        found[TOPIC][name] for name in ("records", "record_time", "last_seen")
    )
    assert "finding" not in found[TOPIC]


def versions(fake: FakeLanding, last_seen: LastSeen | None = None) -> tuple[str | None, LastSeen]:
    """Observe once; return the data version of the topic, and what the next observation knows."""
    observations, seen = observe(DOCUMENT, bound(fake, DOCUMENT, None).observed, last_seen or LastSeen())
    tags = {found.asset_key.to_user_string(): found.tags for found in observations}
    assert {TOPIC} >= {name for name, its in tags.items() if its}, "a job is a process, and hours have versions"
    return tags[TOPIC].get("dagster/data_version"), seen


def test_the_version_of_a_topic_changes_with_its_records_and_with_nothing_else(fake: FakeLanding) -> None:
    """Neither time, nor retention, nor a broker that is away; a topic that was created again is another one."""
    first, seen = versions(fake)
    fake.clock.time += timedelta(days=2)
    fake.broker.low = {0: 3}
    assert first == versions(fake, seen)[0]
    fake.broker.failures = [BrokerUnavailableError("away")]
    assert first == versions(fake, seen)[0], "an observation without a version would be a change"
    fake.broker.records[1].append(fake.clock.utc_now())
    second, _ = versions(fake)
    fake.broker.topic_id = "another"
    assert 3 == len({first, second, versions(fake)[0]} - {None})
    fake.broker.failures = [BrokerUnavailableError("away")]
    assert None is versions(fake)[0], "nothing is known yet"


def test_a_topic_with_another_record_time_than_the_document_says_is_a_finding(fake: FakeLanding) -> None:
    """With CreateTime an hour waits for idle partitions, and late records amend it."""
    fake.broker.record_time = RecordTime.CREATE
    found, _ = facts(fake)
    assert "the topic has CreateTime, the document of the stream says LogAppendTime" in found[TOPIC]["finding"]


def test_a_partition_without_records_has_no_last_record(fake: FakeLanding) -> None:
    """An empty partition is no error."""
    fake.broker.records[2] = []
    assert facts(fake)[0][TOPIC]["last_record_times"]["2"] is None


def test_a_job_shows_state_lag_age_of_its_checkpoint_and_restarts(fake: FakeLanding) -> None:
    """As Flink reports them."""
    moment = fake.clock.utc_now() - timedelta(seconds=90)
    found, _ = facts(fake, FakeFlink(checkpoint_milliseconds=int(moment.timestamp() * 1000)))
    assert ("RUNNING", 7, 90.0, 2, 1) == tuple(
        found[WRITER][name] for name in ("state", "lag", "checkpoint_age_seconds", "restarts", "checkpoints_failed")
    )


def test_a_job_that_fails_or_is_absent_is_seen_as_such(fake: FakeLanding) -> None:
    """Flink answers, so the asset was seen; the job of that name is not there."""
    assert "RESTARTING" == facts(fake, FakeFlink(state=JobState.RESTARTING))[0][WRITER]["state"]
    found, _ = facts(fake, FakeFlink(absent=True))
    assert "absent" == found[WRITER]["state"]
    assert "Flink runs no job hourglass-platform-events" in found[WRITER]["finding"]


def test_the_newest_object_of_the_recent_hours_is_named(fake: FakeLanding) -> None:
    """Entries of the ledger lie under the hour of their emission, whatever hours the records have."""
    (newest, *_) = [key for key in fake.bucket.objects if key.startswith("platform-events/ledger/2025/08/01/04/")]
    fake.bucket.modified = {newest: fake.clock.utc_now() - timedelta(seconds=40)}
    found, _ = facts(fake)
    assert (newest, 40.0) == (found[OBJECTS]["newest_object"], found[OBJECTS]["newest_age_seconds"])
    fake.clock.time += timedelta(days=2)
    quiet, _ = facts(fake)
    assert "no object of the last 2 hours below platform-events/" == quiet[OBJECTS]["finding"]


@pytest.mark.parametrize(
    ("asset", "away"),
    [
        (TOPIC, BrokerUnavailableError("broker 127.0.0.1:9092 does not answer")),
        (WRITER, UnreachableError("no Flink answers at http://127.0.0.1:8081")),
        (OBJECTS, BucketUnavailableError("bucket hourglass does not answer")),
    ],
    ids=["broker", "job", "bucket"],
)
def test_a_system_that_is_away_is_observed_with_the_time_it_was_seen_last(
    fake: FakeLanding, asset: str, away: Exception
) -> None:
    """The others are observed as usual; a system that never answered was never seen."""
    _, seen = facts(fake)
    fake.clock.time += timedelta(minutes=5)
    flink = FakeFlink(failures=[away] if asset == WRITER else [])
    for system, name in ((fake.broker, TOPIC), (fake.bucket, OBJECTS)):
        system.failures = [away] if asset == name else []
    found, later = facts(fake, flink, seen)
    assert {"away": str(away), "last_seen": "2025-08-01T04:10:00+00:00"} == found[asset]
    assert {"2025-08-01T04:15:00+00:00"} == {its["last_seen"] for name, its in found.items() if name != asset}
    assert later.seen[asset] == seen.seen[asset]
    for system, name in ((fake.broker, TOPIC), (fake.bucket, OBJECTS)):
        system.failures = [away] if asset == name else []
    assert "never" == facts(fake, FakeFlink(failures=[away] if asset == WRITER else []))[0][asset]["last_seen"]


def test_the_sensor_records_an_observation_of_every_asset_at_every_tick(fake: FakeLanding) -> None:
    """It requests no run, and its cursor holds when each asset was seen; a damaged one is begun again."""
    sensor = observing_sensor(DOCUMENT)
    resources = {DOCUMENT.resource_key: bound(fake, DOCUMENT)}
    cursor: str | None = None
    for damaged in (None, "not JSON"):
        with dg.DagsterInstance.ephemeral() as instance:
            context = dg.build_sensor_context(instance, damaged or cursor, resources=resources)
            tick = sensor.evaluate_tick(context)
        assert [TOPIC, WRITER, OBJECTS] == [
            event.asset_key.to_user_string() for event in tick.asset_events if isinstance(event, dg.AssetObservation)
        ]
        assert [] == tick.run_requests
        cursor = tick.cursor
        assert {TOPIC, WRITER, OBJECTS} == set(read_last_seen(cursor).seen)
    fake.broker.failures = [BrokerUnavailableError("away")]
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance, cursor, resources=resources)
        assert f"away: {TOPIC}" == sensor.evaluate_tick(context).skip_message
