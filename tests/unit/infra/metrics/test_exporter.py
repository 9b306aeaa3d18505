"""The figures of the hours as Prometheus gets them: what is known, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from math import inf
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from flink_jobs.contracts.layout import Hour, Kind
from infra.local.ports import free_ports
from infra.metrics.exporter import HoursCollector, WatchedStream, serve, text
from infra.metrics.figures import DESCRIPTIONS
from orchestration.landing.clients.kafka import RecordTime
from orchestration.landing.errors import BrokerUnavailableError, BucketRefusedError
from tests.fakes.broker import FakeBroker
from tests.fakes.landing import H1, FakeLanding, minutes
from tests.fakes.streams import document

Samples = dict[str, float]


@pytest.fixture
def fake() -> FakeLanding:
    """The hours 01, 02 and 03 have landed; 01 is sealed and published; at 05:20 the hours up to 04 are due."""
    made = FakeLanding(FakeBroker({0: minutes(1, 61, 121), 1: minutes(2, 62, 122)}))
    made.job.land_all(made.clock.utc_now())
    seal(made, H1)
    made.clock.time = H1.plus(4).start + timedelta(minutes=20)
    return made


def seal(fake: FakeLanding, hour: Hour, *, publish: bool = True, revision: int = 1) -> None:
    """Put the objects whose keys say that an hour is sealed, and published."""
    layout = fake.stream.layout
    fake.bucket.objects[layout.seal_key(hour, revision)] = b"{}"
    if publish:
        fake.bucket.objects[layout.publication_key(hour, revision, 1)] = b"{}"


def watched(fake: FakeLanding, report: Callable[[str], None] = print) -> CollectorRegistry:
    """Return the metrics of the stream over the fakes."""
    registry = CollectorRegistry()
    registry.register(HoursCollector([WatchedStream(document(), fake.stream, report)]))
    return registry


def parsed(scrape: str) -> Samples:
    """Return the values by name, and by topic or source where there is one; every sample is of the stream."""
    samples: Samples = {}
    for family in text_string_to_metric_families(scrape):
        for sample in family.samples:
            labels = dict(sample.labels)
            assert "platform_events" == labels.pop("stream")
            name = sample.name.removeprefix("hourglass_")
            samples[" ".join([name, *labels.values()])] = sample.value
    return samples


def scraped(fake: FakeLanding) -> Samples:
    return parsed(text(watched(fake)))


def test_an_hour_without_a_seal_and_one_that_is_sealed_alone_are_counted_apart(fake: FakeLanding) -> None:
    """Each with the end of the oldest one; 02 is sealed and not published, 03 and 04 are not sealed."""
    seal(fake, H1.plus(1), publish=False)
    found = scraped(fake)

    assert (2, H1.plus(2).end.timestamp()) == (
        found["unsealed_hours"],
        found["oldest_unsealed_hour_end_timestamp_seconds"],
    )
    assert (1, H1.plus(1).end.timestamp()) == (
        found["unpublished_hours"],
        found["oldest_unpublished_hour_end_timestamp_seconds"],
    )
    assert H1.end.timestamp() == found["newest_published_hour_end_timestamp_seconds"]
    assert fake.clock.time.timestamp() == found["read_timestamp_seconds"]


def test_an_hour_is_due_when_its_allowance_is_over(fake: FakeLanding) -> None:
    """A running hour, and one that has just ended, are not counted; without one there is no oldest."""
    fake.clock.time = H1.plus(1).end + timedelta(minutes=15, seconds=34)
    found = scraped(fake)
    assert 0 == found["unsealed_hours"]
    assert "oldest_unsealed_hour_end_timestamp_seconds" not in found
    fake.clock.time += timedelta(seconds=1)
    assert 1 == scraped(fake)["unsealed_hours"]


def test_a_further_revision_that_is_not_published_is_counted(fake: FakeLanding) -> None:
    """Late records amended the hour; readers see the former revision."""
    for hour in H1.until(H1.plus(3)):
        seal(fake, hour)
    assert 0 == scraped(fake)["unpublished_hours"]
    seal(fake, H1, publish=False, revision=2)
    assert 1 == scraped(fake)["unpublished_hours"]


def test_the_countdown_is_that_of_the_oldest_record_that_has_not_landed(fake: FakeLanding) -> None:
    """Over all partitions: its record time and the retention of the topic."""
    found = scraped(fake)
    assert (0, 7 * 86_400) == (found["not_landed_offsets platform-events"], found[RETENTION])
    assert not {OLDEST, DEADLINE} & set(found)
    fake.broker.records[0] += minutes(200)
    fake.broker.records[1] += minutes(230, 231)
    found = scraped(fake)
    [oldest] = minutes(200)
    assert (3, oldest.timestamp()) == (found["not_landed_offsets platform-events"], found[OLDEST])
    assert (oldest + timedelta(days=7)).timestamp() == found[DEADLINE]


RETENTION = "topic_retention_seconds platform-events"
OLDEST = "oldest_not_landed_timestamp_seconds platform-events"
DEADLINE = "retention_deadline_timestamp_seconds platform-events"


def test_a_topic_that_keeps_everything_has_no_deadline(fake: FakeLanding) -> None:
    """Its lag in time is known nevertheless."""
    fake.broker.retention = None
    fake.broker.records[0] += minutes(200)
    found = scraped(fake)
    assert inf == found[RETENTION]
    assert (True, False) == (OLDEST in found, DEADLINE in found)


def test_records_that_were_deleted_before_they_landed_are_counted(fake: FakeLanding) -> None:
    """Then the countdown is that of the next record, so this number must say it."""
    fake.broker.records[0] += minutes(200, 201, 202)
    assert 0 == scraped(fake)["deleted_before_landing_offsets platform-events"]
    fake.broker.low[0] = 5
    assert 2 == scraped(fake)["deleted_before_landing_offsets platform-events"]


def test_without_the_broker_what_it_alone_knows_is_absent(fake: FakeLanding) -> None:
    """A silent hour of a replay cannot be told from one that never landed; what is sealed is known from the bucket."""
    fake.broker.record_time = RecordTime.CREATE
    seal(fake, H1.plus(1), publish=False)
    fake.broker.failures = [BrokerUnavailableError("away")]
    found = scraped(fake)
    assert {"source_up bucket": 1, "source_up ledger": 1, "source_up broker": 0} == sources(found)
    assert 1 == found["unpublished_hours"]
    assert not [name for name in found if "unsealed" in name or "topic" in name or "landed" in name]


def test_a_broker_that_goes_away_between_two_questions_is_away(fake: FakeLanding) -> None:
    """Its offsets were read, its first record was not: no figure says that everything landed."""
    fake.broker.records[0] += minutes(200)

    def fail(query: str) -> None:
        if query.startswith(("reads", "first", "times")):
            raise BrokerUnavailableError("away")

    fake.broker.on_query = fail
    found = scraped(fake)
    assert 0 == found["source_up broker"]
    assert not [name for name in found if "topic" in name or "platform-events" in name]


def test_without_the_bucket_nothing_is_known(fake: FakeLanding) -> None:
    """And the reason is reported in one line."""
    said: list[str] = []
    fake.bucket.failures = [BucketRefusedError("403")]
    assert {"source_up bucket": 0} == parsed(text(watched(fake, said.append)))
    assert ["stream platform_events: 403"] == said


def test_a_damaged_ledger_is_a_source_that_is_away(fake: FakeLanding) -> None:
    """Nobody knows what landed."""
    (key, *_) = [one.key for one in fake.bucket.list(fake.stream.layout.prefix(Kind.LEDGER))]
    fake.bucket.objects[key] = fake.bucket.objects[key][:-40]
    found = scraped(fake)
    assert {"source_up bucket": 1, "source_up ledger": 0, "source_up broker": 1} == sources(found)
    assert not [name for name in found if "unsealed" in name or "landed" in name]


def sources(found: Samples) -> Samples:
    return {name: value for name, value in found.items() if name.startswith("source_up")}


def test_a_figure_is_read_again_when_it_is_too_old(fake: FakeLanding) -> None:
    """`alert_seconds` of the document; a source that went away is seen then, and its former figures are gone."""
    registry = watched(fake)
    assert 3 == parsed(text(registry))["unsealed_hours"]
    fake.bucket.failures = [BucketRefusedError("403")]
    fake.clock.time += timedelta(seconds=299)
    assert 3 == parsed(text(registry))["unsealed_hours"]
    fake.clock.time += timedelta(seconds=1)
    assert {"source_up bucket": 0} == parsed(text(registry))
    fake.clock.time += timedelta(seconds=300)
    assert 3 == parsed(text(registry))["unsealed_hours"]


def test_prometheus_gets_every_described_metric_over_http(fake: FakeLanding) -> None:
    """A stream that is behind in every way has all of them."""
    seal(fake, H1.plus(1), publish=False)
    fake.broker.records[0] += minutes(200)
    [port] = free_ports(1)
    serve(watched(fake), "127.0.0.1", port)
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        found = parsed(answer.read().decode())
    assert set(DESCRIPTIONS) == {name.partition(" ")[0] for name in found}
