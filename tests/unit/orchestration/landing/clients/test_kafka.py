"""The Kafka seam: requests to the admin API, its answers and its errors."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer, TopicCollection, Uuid

from flink_jobs.contracts.layout import LAST_MILLISECOND
from orchestration.landing.clients.kafka import KafkaBroker, RecordTime, TopicIdentity, TopicOffsets
from orchestration.landing.clients.search import TimestampedOffset
from orchestration.landing.errors import BrokerRefusedError, BrokerUnavailableError, TopicMissingError
from producers.kafka import KafkaAccess, OffsetRange
from tests.fakes.landing import H1, TOPIC
from tests.fakes.mock_kafka import mock_kafka


@dataclass
class FakeAdmin:
    """The used part of the admin client; `answers` are the offsets of each ListOffsets, in order."""

    answers: list[Mapping[int, tuple[int, int]]] = field(default_factory=list)
    record_time: str = "LogAppendTime"
    retention_ms: str = "7200000"
    topic_id: Uuid | KafkaError = field(default_factory=lambda: Uuid(1, 2))
    error: Exception | None = None
    timeouts: list[float] = field(default_factory=list)

    def list_topics(self, topic: str, timeout: float) -> Any:
        """Describe one topic of two partitions."""
        self.timeouts.append(timeout)
        if isinstance(self.error, KafkaException):
            raise self.error
        found = SimpleNamespace(error=None, partitions={0: None, 1: None})
        return SimpleNamespace(topics={topic: found}, cluster_id="cluster-1")

    def describe_topics(self, topics: Any, request_timeout: float) -> Any:
        """Answer the id of the topic."""
        self.timeouts.append(request_timeout)
        assert isinstance(topics, TopicCollection)
        if isinstance(self.topic_id, KafkaError):
            refused: Future[Any] = Future()
            refused.set_exception(KafkaException(self.topic_id))
            return {TOPIC: refused}
        return {TOPIC: done(SimpleNamespace(topic_id=self.topic_id))}

    def describe_configs(self, resources: list[Any], request_timeout: float) -> Any:
        """Answer the settings of the topic."""
        self.timeouts.append(request_timeout)
        value = {
            "message.timestamp.type": SimpleNamespace(value=self.record_time),
            "retention.ms": SimpleNamespace(value=self.retention_ms),
        }
        return {resources[0]: done(value)}

    def list_offsets(self, request: Mapping[Any, Any], request_timeout: float) -> Any:
        """Answer the next offsets."""
        self.timeouts.append(request_timeout)
        answer = self.answers.pop(0)
        return {
            asked: done(SimpleNamespace(offset=answer[asked.partition][0], timestamp=answer[asked.partition][1]))
            for asked in request
        }

    def poll(self, timeout: float) -> int:
        """Do nothing: only the real client has callbacks."""
        return int(timeout)


NOWHERE = KafkaAccess(_env_file=None, kafka_bootstrap_servers="127.0.0.1:1")


def done(value: Any) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(value)
    return future


def broker_with(admin: FakeAdmin) -> KafkaBroker:
    broker = KafkaBroker(NOWHERE, timeout_seconds=3)
    broker.__dict__["_admin"] = admin
    return broker


@pytest.mark.parametrize("record_time", list(RecordTime))
def test_partitions_watermarks_and_record_time_are_read(record_time: RecordTime) -> None:
    """Earliest and latest, for all partitions at once; every request has the timeout."""
    admin = FakeAdmin([{0: (5, -1), 1: (0, -1)}, {0: (9, -1), 1: (0, -1)}], record_time.value)
    marks = {0: OffsetRange(5, 9), 1: OffsetRange(0, 0)}
    expected = TopicOffsets(TOPIC, record_time, marks, "cluster-1", "AAAAAAAAAAEAAAAAAAAAAg", timedelta(hours=2))
    assert expected == broker_with(admin).offsets(TOPIC)
    assert [1.0, 3.0, 3.0, 3.0, 3.0] == admin.timeouts


def test_the_identity_of_a_topic_is_read_without_its_offsets() -> None:
    """Cluster, topic id and partitions; a topic of the same name and another id is another topic."""
    expected = TopicIdentity("cluster-1", "AAAAAAAAAAEAAAAAAAAAAg", (0, 1))
    assert expected == broker_with(FakeAdmin()).identity(TOPIC)
    assert expected != broker_with(FakeAdmin(topic_id=Uuid(1, 3))).identity(TOPIC)


@pytest.mark.parametrize(
    ("topic_id", "text"),
    [(Uuid(-1, -1), "_____________________w"), (Uuid(0x3E3E3E3E3E3E3E3E, 2**62), "Pj4-Pj4-Pj5AAAAAAAAAAA")],
)
def test_a_topic_id_has_the_text_that_kafka_gives_it(topic_id: Uuid, text: str) -> None:
    """The landing job writes it so; the text of the Python client has other characters, and would be another topic."""
    assert text == broker_with(FakeAdmin(topic_id=topic_id)).identity(TOPIC).topic_id
    assert text != str(topic_id)


def test_a_broker_without_topic_ids_and_a_topic_without_retention_have_none() -> None:
    """Brokers before 2.8 return the zero id; -1 keeps records for ever."""
    admin = FakeAdmin([{0: (0, -1), 1: (0, -1)}] * 2, retention_ms="-1", topic_id=Uuid(0, 0))
    found = broker_with(admin).offsets(TOPIC)
    assert (None, None) == (found.topic_id, found.retention)


def test_the_longest_retention_that_kafka_takes_is_read() -> None:
    """It is longer than a `timedelta`."""
    admin = FakeAdmin([{0: (0, -1), 1: (0, -1)}] * 2, retention_ms=str(2**63 - 1))
    assert timedelta(days=36_500) == broker_with(admin).offsets(TOPIC).retention


def test_a_moment_is_sent_in_milliseconds_and_no_record_is_none() -> None:
    """The broker answers -1 if no record is as late."""
    later = H1.start + timedelta(milliseconds=123)
    admin = FakeAdmin([{0: (7, int(later.timestamp() * 1000)), 1: (-1, -1)}])
    assert {0: TimestampedOffset(7, later), 1: None} == broker_with(admin).offsets_at(TOPIC, [0, 1], H1.start)


@pytest.mark.parametrize("milliseconds", [LAST_MILLISECOND, LAST_MILLISECOND + 1, 1_754_020_800_123_456, 2**63 - 1])
def test_a_record_time_that_no_clock_reaches_is_in_the_future(milliseconds: int) -> None:
    """A producer that sends microseconds writes a year beyond 50,000; the broker takes it where the topic allows it."""
    admin = FakeAdmin([{0: (7, milliseconds)}])
    found = broker_with(admin).offsets_at(TOPIC, [0], H1.start)[0]
    assert found is not None
    assert (7, 9999) == (found.offset, found.timestamp.year)


def test_the_record_behind_one_from_the_future_is_read_with_the_real_client() -> None:
    """Seeks and reads go through the protocol: 300 records rise by a minute, behind one that is five hours ahead."""
    with mock_kafka() as kafka:
        producer = Producer({"bootstrap.servers": kafka.servers})
        times = [H1.start + timedelta(hours=5), *(H1.start + timedelta(minutes=n) for n in range(1, 300))]
        for time in times:
            producer.produce(TOPIC, b"x", partition=0, timestamp=int(time.timestamp() * 1000))
        assert 0 == producer.flush(30)
        broker = KafkaBroker(KafkaAccess(_env_file=None, kafka_bootstrap_servers=kafka.servers))
        for minute, expected in ((1, 1), (60, 60), (299, 299), (300, None)):
            found = broker.record_within(
                TOPIC,
                0,
                OffsetRange(1, 300),
                H1.start + timedelta(minutes=minute),
                H1.start + timedelta(hours=4, minutes=59),
            )
            assert (None if expected is None else TimestampedOffset(expected, times[expected])) == found


def test_a_topic_that_is_not_there_is_refused() -> None:
    """The message names the setting."""
    admin = FakeAdmin()
    admin.list_topics = lambda topic, timeout: SimpleNamespace(topics={topic: None, "t": timeout})  # type: ignore[method-assign] # one answer of one test
    with pytest.raises(BrokerRefusedError, match=r"has no topic platform-events .*HOURGLASS_TOPIC"):
        broker_with(admin).offsets(TOPIC)


def test_a_topic_that_is_still_listed_after_its_deletion_is_missing() -> None:
    """The broker lists it, and then does not know its id."""
    with pytest.raises(TopicMissingError, match="UNKNOWN_TOPIC_OR_PART"):
        broker_with(FakeAdmin(topic_id=KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))).identity(TOPIC)


@pytest.mark.parametrize("code", [KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._UNKNOWN_PARTITION])
def test_a_broker_that_is_away_is_unavailable(code: int) -> None:
    """An unknown partition is unavailable, too, because the client reports it while a broker is down."""
    admin = FakeAdmin(error=KafkaException(KafkaError(code)))
    with pytest.raises(
        BrokerUnavailableError, match=r"broker 127\.0\.0\.1:1 cannot describe topic platform-events now"
    ):
        broker_with(admin).offsets(TOPIC)


def test_missing_rights_are_refused() -> None:
    """A retry does not help."""
    admin = FakeAdmin(error=KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)))
    with pytest.raises(BrokerRefusedError, match="grant Describe"):
        broker_with(admin).offsets(TOPIC)


def test_an_answer_that_does_not_come_is_unavailable() -> None:
    """The future of a request has its own timeout."""
    broker = KafkaBroker(NOWHERE, timeout_seconds=0.01)
    admin = FakeAdmin()
    admin.list_offsets = lambda request, request_timeout: dict.fromkeys(request, Future()) if request_timeout else {}  # type: ignore[method-assign] # one answer of one test
    broker.__dict__["_admin"] = admin
    with pytest.raises(BrokerUnavailableError, match="does not answer within"):
        broker.offsets_at(TOPIC, [0], H1.start)


def test_a_broker_that_does_not_run_is_unavailable() -> None:
    """The real client is used with a port without a listener."""
    with pytest.raises(BrokerUnavailableError):
        KafkaBroker(NOWHERE, timeout_seconds=0.2).offsets(TOPIC)


def test_a_refused_login_is_no_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client reports it to error_cb only, and its request ends without an answer."""
    broker = broker_with(FakeAdmin(error=KafkaException(KafkaError(KafkaError._TRANSPORT))))
    monkeypatch.setitem(broker.__dict__, "_errors", [KafkaError(KafkaError._AUTHENTICATION)])
    with pytest.raises(BrokerRefusedError, match="HOURGLASS_KAFKA_SECURITY_PROTOCOL"):
        broker.offsets(TOPIC)


def test_the_newest_record_of_a_partition_is_found_by_its_timestamp() -> None:
    """One ListOffsets for all partitions; an empty partition has no record."""
    admin = FakeAdmin([{0: (7, int(H1.start.timestamp() * 1000)), 1: (-1, -1)}])
    assert {0: TimestampedOffset(7, H1.start), 1: None} == broker_with(admin).latest(TOPIC, [0, 1])
