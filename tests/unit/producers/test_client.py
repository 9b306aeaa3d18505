from __future__ import annotations

from datetime import UTC, datetime

import pytest
from confluent_kafka import Consumer, KafkaError, Message, TopicPartition
from pydantic import ValidationError

from producers.client import EventProducer, outcome_of
from producers.errors import (
    AuthenticationError,
    BrokerUnavailableError,
    ClosedProducerError,
    EventTooLargeError,
    FatalProducerError,
    QueueFullError,
    RecordRefusedError,
    TopicMissingError,
)
from producers.events import EVENT_BYTES_MAX, EventType, PlatformEvent
from producers.kafka import SaslMechanism, SecurityProtocol
from producers.sending.delivery import Delivery, DeliveryReport, Outcome
from producers.settings import ProducerSettings
from tests.fakes.mock_kafka import INIT_PRODUCER_ID, MockKafka


def settings_for(kafka: MockKafka, **changes: object) -> ProducerSettings:
    values = {"kafka_bootstrap_servers": kafka.servers, "setup_limit_seconds": 3.0, "flush_limit_seconds": 20.0}
    return ProducerSettings(_env_file=None, **{**values, **changes})  # type: ignore[arg-type]  # test values


def event(number: int, run_id: str | None = None) -> PlatformEvent:
    return PlatformEvent(
        event_id=f"e{number}",
        event_type=EventType.STEP_START,
        occurred_at=datetime(2025, 8, 1, 3, tzinfo=UTC),
        organization="acme",
        deployment="prod",
        payload={"number": number},
        run_id=run_id,
    )


def read_topic(kafka: MockKafka, count: int) -> list[Message]:
    consumer = Consumer({"bootstrap.servers": kafka.servers, "group.id": "test", "auto.offset.reset": "earliest"})
    consumer.assign([TopicPartition("platform-events", partition, 0) for partition in range(4)])
    messages: list[Message] = []
    while len(messages) < count:
        messages += consumer.consume(count, timeout=10) or pytest.fail(f"only {len(messages)} of {count} arrived")
    consumer.close()
    return messages


def send_and_flush(producer: EventProducer) -> None:
    producer.send(event(1))
    producer.flush()


def send_without_end(producer: EventProducer) -> None:
    while True:
        producer.send_raw(b"x" * 900_000, "key")


def test_every_record_gets_one_acked_delivery(kafka: MockKafka) -> None:
    """Each sent record is acked once, at the position where a reader finds it."""
    deliveries: list[Delivery] = []
    with EventProducer(settings_for(kafka)) as producer:
        for number in range(500):
            producer.send(event(number), on_delivery=deliveries.append)
        report = producer.flush()
    assert report == DeliveryReport(taken=500, acked=500)
    assert report.complete
    read = {(m.partition(), m.offset()): m.value() for m in read_topic(kafka, 500)}
    assert {d.event_id: (d.partition, d.offset) for d in deliveries} == {
        PlatformEvent.from_json(value or b"").event_id: place for place, value in read.items()
    }


def test_a_run_stays_in_one_partition_in_order(kafka: MockKafka) -> None:
    """The key is the run id, so the records of a run keep their order; runs spread over partitions."""
    with EventProducer(settings_for(kafka)) as producer:
        for number in range(200):
            producer.send(event(number, run_id=f"run-{number % 20}"))
    by_run: dict[bytes | None, list[tuple[int | None, int]]] = {}
    for message in sorted(read_topic(kafka, 200), key=lambda m: (m.partition(), m.offset())):
        number = PlatformEvent.from_json(message.value() or b"").payload["number"]
        by_run.setdefault(message.key(), []).append((message.partition(), number))
    assert {f"run-{index}".encode() for index in range(20)} == set(by_run)
    for places in by_run.values():
        assert 1 == len({partition for partition, _ in places})
        assert sorted(number for _, number in places) == [number for _, number in places]
    assert 1 < len({places[0][0] for places in by_run.values()})


def test_an_event_without_run_is_keyed_by_its_id(kafka: MockKafka) -> None:
    """Key = run id, else event id."""
    with EventProducer(settings_for(kafka)) as producer:
        producer.send(event(7))
    assert [b"e7"] == [message.key() for message in read_topic(kafka, 1)]


def test_the_record_time_is_kept_to_the_millisecond(kafka: MockKafka) -> None:
    """The Kafka timestamp is the requested record time, never rounded up into the next hour."""
    moment = datetime(2025, 8, 1, 1, 59, 59, 999_999, tzinfo=UTC)
    with EventProducer(settings_for(kafka)) as producer:
        producer.send(event(1), record_time=moment)
    assert [1_754_013_599_999] == [message.timestamp()[1] for message in read_topic(kafka, 1)]


@pytest.mark.parametrize("moment", [datetime(1970, 1, 1, tzinfo=UTC), datetime(1969, 12, 31, 23, 59, tzinfo=UTC)])
def test_a_record_time_that_kafka_cannot_hold_is_refused(kafka: MockKafka, moment: datetime) -> None:
    """Kafka's client would send the record with the present as its time; the next record is sent."""
    with EventProducer(settings_for(kafka)) as producer:
        with pytest.raises(RecordRefusedError, match="cannot be a record time"):
            producer.send(event(1), record_time=moment)
        producer.send(event(2), record_time=datetime(1970, 1, 1, 0, 0, 0, 1000, tzinfo=UTC))
    assert [(b"e2", 1)] == [(message.key(), message.timestamp()[1]) for message in read_topic(kafka, 1)]


def test_an_event_over_the_limit_is_refused_by_size_and_not_shown(kafka: MockKafka) -> None:
    """One byte over is refused before Kafka gets it; the message has the size only. The limit itself passes."""
    with EventProducer(settings_for(kafka)) as producer:
        with pytest.raises(EventTooLargeError, match="1,000,001 bytes, the limit is 1,000,000") as caught:
            producer.send_raw(b"s" * (EVENT_BYTES_MAX + 1), "key")
        assert "sss" not in str(caught.value)
        producer.send_raw(b"s" * EVENT_BYTES_MAX, "k" * 512)
        assert DeliveryReport(taken=1, acked=1) == producer.flush()


def test_a_passing_error_is_retried(kafka: MockKafka) -> None:
    """The broker refuses four requests before a write; after that each record is acked and readable."""
    with EventProducer(settings_for(kafka)) as producer:
        producer.send(event(0))
        producer.flush()
        kafka.fail_next(*[KafkaError.REQUEST_TIMED_OUT] * 4)
        for number in range(1, 50):
            producer.send(event(number))
        assert DeliveryReport(taken=50, acked=50) == producer.flush()
    ids = [PlatformEvent.from_json(m.value() or b"").event_id for m in read_topic(kafka, 50)]
    assert sorted(f"e{number}" for number in range(50)) == sorted(ids)


def test_nothing_is_sent_without_idempotence(kafka: MockKafka) -> None:
    """A producer without an identity for its sequence numbers sends no record."""
    kafka.fail_next(*[KafkaError.CLUSTER_AUTHORIZATION_FAILED] * 5, request=INIT_PRODUCER_ID)
    producer = EventProducer(settings_for(kafka))
    with pytest.raises(FatalProducerError):
        send_and_flush(producer)
    assert 0 == producer.close().acked


def test_a_refusal_of_the_broker_is_a_failure(kafka: MockKafka) -> None:
    """A record that the broker refuses permanently is failed, with its reason, and is not in the topic."""
    deliveries: list[Delivery] = []
    with EventProducer(settings_for(kafka)) as producer:
        kafka.fail_next(KafkaError.TOPIC_AUTHORIZATION_FAILED)
        producer.send(event(1), on_delivery=deliveries.append)
        assert DeliveryReport(taken=1, failed=1) == producer.flush()
    (delivery,) = deliveries
    assert (Outcome.FAILED, None, None) == (delivery.outcome, delivery.partition, delivery.offset)
    assert "authorization" in str(delivery.error).lower()


@pytest.mark.parametrize(
    "code", [KafkaError.INVALID_TIMESTAMP, KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_RECORD]
)
def test_a_batch_that_is_refused_is_sent_again_in_parts(kafka: MockKafka, code: int) -> None:
    """The broker refuses three batches; every record is acked once and read once, in whatever order."""
    deliveries: list[Delivery] = []
    with EventProducer(settings_for(kafka)) as producer:
        kafka.fail_next(*[code] * 3)
        for number in range(100):
            producer.send(event(number, run_id="run-1"), on_delivery=deliveries.append)
        assert DeliveryReport(taken=100, acked=100) == producer.flush()
    assert {f"e{number}" for number in range(100)} == {delivery.event_id for delivery in deliveries}
    read = [PlatformEvent.from_json(message.value() or b"").payload["number"] for message in read_topic(kafka, 100)]
    assert list(range(100)) == sorted(read)


def test_a_record_that_is_refused_alone_is_failed_with_the_limits(kafka: MockKafka) -> None:
    """The reason names the broker's error and what the topic takes."""
    deliveries: list[Delivery] = []
    with EventProducer(settings_for(kafka)) as producer:
        kafka.fail_next(*[KafkaError.INVALID_TIMESTAMP] * 2)
        producer.send(event(1), on_delivery=deliveries.append)
        assert DeliveryReport(taken=1, failed=1) == producer.flush()
        producer.send(event(2), on_delivery=deliveries.append)
        assert DeliveryReport(taken=2, acked=1, failed=1) == producer.flush()
    assert [("e1", Outcome.FAILED), ("e2", Outcome.ACKED)] == [(one.event_id, one.outcome) for one in deliveries]
    assert "message.timestamp.after.max.ms 3,600,000" in str(deliveries[0].error)


def test_a_refused_batch_has_an_outcome_when_the_broker_goes_away(kafka: MockKafka) -> None:
    """What cannot be sent again within the limit is failed: the broker wrote nothing of it."""
    producer = EventProducer(settings_for(kafka))
    kafka.fail_next(KafkaError.INVALID_TIMESTAMP)
    producer.send(event(1))
    while not producer._refused:
        producer._kafka.poll(0.1)
    assert DeliveryReport(taken=1, failed=1) == producer.close(0)


def test_a_record_time_that_the_topic_refuses_is_not_sent(kafka: MockKafka) -> None:
    """The limit is named, and the next record is sent."""
    now = datetime(2025, 8, 1, tzinfo=UTC)
    with EventProducer(settings_for(kafka), now=now.timestamp) as producer:
        with pytest.raises(RecordRefusedError, match=r"9999-12-31T23:59:59.999Z.*message\.timestamp\.after\.max\.ms"):
            producer.send(event(1), record_time=datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))
        producer.send(event(2), record_time=now)
        assert DeliveryReport(taken=1, acked=1) == producer.flush()


def test_a_delivery_timeout_is_unknown(kafka: MockKafka) -> None:
    """Without an answer it is unknown whether the record arrived."""
    with EventProducer(settings_for(kafka, delivery_limit_seconds=0.5)) as producer:
        kafka.set_down()
        producer.send(event(1))
        assert DeliveryReport(taken=1, unknown=1) == producer.flush()


def test_what_a_close_cannot_wait_for_ends_as_unknown(kafka: MockKafka) -> None:
    """After `close` every record has an outcome, even while the broker is away."""
    producer = EventProducer(settings_for(kafka))
    kafka.set_down()
    for number in range(100):
        producer.send(event(number))
    report = producer.close(0.1)
    assert (100, 100, 0) == (report.taken, report.unknown, report.pending)
    assert report == producer.close()
    assert 0 == len(producer._kafka), "what is given up must not be sent later"


def test_records_wait_for_a_broker_that_comes_back(kafka: MockKafka) -> None:
    """An outage shorter than the delivery limit loses nothing."""
    with EventProducer(settings_for(kafka)) as producer:
        kafka.set_down()
        for number in range(10):
            producer.send(event(number))
        assert 10 == producer.flush(0.2).pending
        kafka.set_down(down=False)
        assert DeliveryReport(taken=10, acked=10) == producer.flush()


def test_a_full_queue_blocks_to_a_limit_and_then_raises(kafka: MockKafka) -> None:
    """A queue that stays full for the limit is an error; the record was not taken and may be sent again."""
    times = iter(range(10_000))
    settings = settings_for(kafka, queue_limit_seconds=2, delivery_limit_seconds=60)
    producer = EventProducer(settings, clock=lambda: float(next(times)))
    kafka.set_down()
    with pytest.raises(QueueFullError, match="stayed full for 2 s"):
        send_without_end(producer)
    taken = producer.report.taken
    assert 100 < taken < 200
    assert taken == producer.close(0.1).unknown


def test_a_fatal_error_ends_the_producer(kafka: MockKafka) -> None:
    """Records in flight are unknown, and no more are taken; no producer with another identity replaces it silently."""
    producer = EventProducer(settings_for(kafka))
    producer.send(event(0))
    producer.flush()
    # a sequence that the broker has never seen: the idempotent producer has lost its guarantees
    kafka.fail_next(*[KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER] * 3)
    deliveries: list[Delivery] = []
    for number in range(1, 31):
        producer.send(event(number), on_delivery=deliveries.append)
    with pytest.raises(FatalProducerError, match="is unknown"):
        producer.flush()
    with pytest.raises(FatalProducerError):
        producer.send(event(31))
    report = producer.close()
    assert (31, 0, 0) == (report.taken, report.failed, report.pending)
    assert report.unknown >= 1
    assert {f"e{number}" for number in range(1, 31)} == {delivery.event_id for delivery in deliveries}
    assert len(deliveries) == 30


def test_a_closed_producer_takes_nothing(kafka: MockKafka) -> None:
    """A send after `close` is an error of the caller, not a lost record."""
    with EventProducer(settings_for(kafka)) as producer:
        pass
    with pytest.raises(ClosedProducerError):
        producer.send(event(1))


def test_a_missing_topic_is_named_at_the_start(kafka: MockKafka) -> None:
    """The start fails with the topic and the setting, and does not make the topic."""
    for _ in range(2):
        with pytest.raises(TopicMissingError, match=r"'other-events'.*HOURGLASS_TOPIC"):
            EventProducer(settings_for(kafka, topic="other-events"))


def test_a_broker_that_is_away_is_named_at_the_start() -> None:
    """The start gives up at its limit with the address and the setting."""
    settings = ProducerSettings(
        _env_file=None,
        kafka_bootstrap_servers="127.0.0.1:1",
        setup_limit_seconds=0.1,
    )
    with pytest.raises(BrokerUnavailableError, match=r"127\.0\.0\.1:1 .*HOURGLASS_KAFKA_BOOTSTRAP_SERVERS"):
        EventProducer(settings)


def test_refused_credentials_are_named_at_once_and_kept_secret(kafka: MockKafka) -> None:
    """The start fails with the broker's refusal; the message does not hold the password."""
    settings = settings_for(
        kafka,
        kafka_security_protocol=SecurityProtocol.SASL_PLAINTEXT,
        kafka_sasl_mechanism=SaslMechanism.PLAIN,
        kafka_sasl_username="hourglass",
        kafka_sasl_password="canary-71c4",
    )
    with pytest.raises(AuthenticationError, match="refuses this client") as caught:
        EventProducer(settings)
    assert "canary-71c4" not in f"{caught.value!r} {settings!r}"


def test_credentials_must_be_complete(kafka: MockKafka) -> None:
    """SASL without a password is a mistake in the settings."""
    with pytest.raises(ValidationError, match="HOURGLASS_KAFKA_SASL_USERNAME and HOURGLASS_KAFKA_SASL_PASSWORD"):
        settings_for(kafka, kafka_security_protocol="SASL_SSL", kafka_sasl_username="hourglass")


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (None, Outcome.ACKED),
        (KafkaError.MSG_SIZE_TOO_LARGE, Outcome.FAILED),
        (KafkaError.INVALID_TIMESTAMP, Outcome.FAILED),
        (KafkaError._UNKNOWN_TOPIC, Outcome.FAILED),
        (KafkaError._MSG_TIMED_OUT, Outcome.UNKNOWN),
        (KafkaError.REQUEST_TIMED_OUT, Outcome.UNKNOWN),
        (KafkaError._PURGE_INFLIGHT, Outcome.UNKNOWN),
        (KafkaError._FATAL, Outcome.UNKNOWN),
        (KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND, Outcome.UNKNOWN),
    ],
)
def test_only_certain_errors_are_failures(code: int | None, outcome: Outcome) -> None:
    """Failed means: certainly not in the topic. Every other error is unknown."""
    assert outcome is outcome_of(None if code is None else KafkaError(code))


def test_a_callback_that_fails_is_heard_and_hides_no_end(kafka: MockKafka) -> None:
    """The producer raises an error in `on_delivery`, after every record has its outcome."""

    def fail(delivery: Delivery) -> None:
        raise OSError(f"disk full at {delivery.event_id}")

    producer = EventProducer(settings_for(kafka))
    for number in range(20):
        producer.send(event(number), on_delivery=fail)
    with pytest.raises(OSError, match="disk full"):
        producer.close()
    assert DeliveryReport(taken=20, acked=20) == producer.report
