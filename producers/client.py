"""The one producer of platform events: idempotent, `acks=all`, every delivery accounted for.

This is the only module that imports the producer of confluent_kafka; its errors leave as those of
`producers.errors`.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Container
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Any, Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from producers.delivery import Delivery, DeliveryReport, OnDelivery, Outcome
from producers.errors import (
    AuthenticationError,
    BrokerUnavailableError,
    ClosedProducerError,
    EventTooLargeError,
    FatalProducerError,
    ProducerSetupError,
    QueueFullError,
    RecordRefusedError,
    TopicMissingError,
)
from producers.events import EVENT_BYTES_MAX, PlatformEvent
from producers.settings import ProducerSettings, SecurityProtocol

_log = logging.getLogger("producers.kafka")
# librdkafka repeats itself while a broker is away: who wants its lines adds a handler
_log.addHandler(logging.NullHandler())

_QUEUE_RECORDS_MAX = 100_000
_QUEUE_KIBIBYTES_MAX = 128 * 1024
_POLL_SECONDS = 0.1
_SETUP_TRY_SECONDS = 1.0

_NEVER_WRITTEN = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.INVALID_MSG,
        KafkaError.INVALID_RECORD,
        KafkaError.INVALID_TIMESTAMP,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.INVALID_REQUIRED_ACKS,
        KafkaError.POLICY_VIOLATION,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.TOPIC_EXCEPTION,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001  the library's own name for its local errors
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001  same
    }
)
"""Errors after which the record is certainly not in the topic. Every other error leaves it unknown."""

_AUTHENTICATION = frozenset(
    {
        KafkaError._AUTHENTICATION,  # noqa: SLF001  same
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError.UNSUPPORTED_SASL_MECHANISM,
        KafkaError.ILLEGAL_SASL_STATE,
        KafkaError._SSL,  # noqa: SLF001  same
    }
)


class EventProducer:
    """Send platform events to one topic; a run's events stay in one partition, in order.

    Promised: within the life of one producer no record is doubled, and records of one key keep their order.
    Not promised: across a crash the caller may send an event again, which makes a second record with the same
    `event_id`. `send` returns when the record is taken, not when it is acked: the outcome arrives in
    `on_delivery` and in the counts of `flush`.

    Raises:
        ProducerSetupError: broker away, credentials refused or topic missing, within `setup_limit_seconds`.
    """

    def __init__(self, settings: ProducerSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._topic = settings.topic
        self._queue_limit_seconds = settings.queue_limit_seconds
        self._flush_limit_seconds = settings.flush_limit_seconds
        self._clock = clock
        self._outcomes: Counter[Outcome] = Counter()
        self._taken = 0
        self._closed = False
        self._fatal: str | None = None
        self._last_error: KafkaError | None = None
        self._kafka = self._connect(settings)
        self._check_topic(settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def report(self) -> DeliveryReport:
        """The counts so far; ends arrive only while `send`, `poll`, `flush` or `close` run."""
        ends = self._outcomes
        return DeliveryReport(self._taken, ends[Outcome.ACKED], ends[Outcome.FAILED], ends[Outcome.UNKNOWN])

    def send(
        self,
        event: PlatformEvent,
        *,
        record_time: datetime | None = None,
        on_delivery: OnDelivery | None = None,
    ) -> None:
        """Take one event.

        Args:
            event: its key is the run id, else the event id.
            record_time: the Kafka timestamp; None means now. A topic with LogAppendTime ignores it.
            on_delivery: is called once with the end of this record, from a later call of this producer.

        Raises:
            EventTooLargeError, QueueFullError, RecordRefusedError, FatalProducerError, ClosedProducerError: the
                event was not taken.
        """
        self.send_raw(
            event.to_json(),
            event.run_id or event.event_id,
            record_time=record_time,
            event_id=event.event_id,
            on_delivery=on_delivery,
        )

    def send_raw(
        self,
        value: bytes,
        key: str,
        *,
        record_time: datetime | None = None,
        event_id: str | None = None,
        on_delivery: OnDelivery | None = None,
    ) -> None:
        """Take bytes as they are: only their size is checked. Arguments and errors are those of `send`."""
        if self._closed:
            raise ClosedProducerError("this producer is closed: open another one")
        if len(value) > EVENT_BYTES_MAX:
            raise EventTooLargeError(
                f"the event has {len(value):,} bytes, the limit is {EVENT_BYTES_MAX:,}: shorten its payload"
            )
        milliseconds = 0 if record_time is None else round(record_time.timestamp() * 1000)
        on_end = partial(self._account, event_id, on_delivery)
        self._enqueue(value, key, milliseconds, on_end)
        self._taken += 1
        self._serve(0)

    def poll(self, limit_seconds: float = 0) -> None:
        """Let ends arrive without sending anything."""
        self._serve(limit_seconds)

    def flush(self, limit_seconds: float | None = None) -> DeliveryReport:
        """Wait until every record has its end, at most `limit_seconds` (default: the setting).

        Returns:
            The counts; `pending` is what the limit left open.

        Raises:
            FatalProducerError: the ends that will arrive have arrived; those in flight count as unknown.
        """
        self._kafka.flush(self._flush_limit_seconds if limit_seconds is None else limit_seconds)
        self._refuse_if_fatal()
        return self.report

    def close(self, limit_seconds: float | None = None) -> DeliveryReport:
        """End this producer; never raises, calling it again changes nothing.

        1. flush, at most `limit_seconds` (default: the setting);
        2. give up what is left: each such record ends as unknown;
        3. take no more.
        """
        if not self._closed:
            self._closed = True
            self._kafka.flush(self._flush_limit_seconds if limit_seconds is None else limit_seconds)
            self._kafka.purge(in_queue=True, in_flight=True)
            self._kafka.flush(1)
        return self.report

    def _connect(self, settings: ProducerSettings) -> Producer:
        try:
            return Producer(_configuration(settings), logger=_log, error_cb=self._note_error)
        except (KafkaException, ValueError) as exc:
            raise ProducerSetupError(f"Kafka refuses the settings: {_text_of(exc)}") from exc

    def _check_topic(self, settings: ProducerSettings) -> None:
        if self._topic not in self._topics(settings):
            raise TopicMissingError(
                f"topic {self._topic!r} is not at {settings.kafka_bootstrap_servers}, or these credentials may "
                "not see it: create it, or set HOURGLASS_TOPIC"
            )

    def _topics(self, settings: ProducerSettings) -> Container[str]:
        give_up_at = self._clock() + settings.setup_limit_seconds
        while True:
            try:
                # asks for all topics: a request for one topic makes it on brokers that create topics by themselves
                topics: Container[str] = self._kafka.list_topics(timeout=_SETUP_TRY_SECONDS).topics
            except KafkaException as exc:
                self._kafka.poll(0)
                self._refuse_if_hopeless(settings, exc, out_of_time=self._clock() >= give_up_at)
            else:
                return topics

    def _refuse_if_hopeless(self, settings: ProducerSettings, exc: KafkaException, *, out_of_time: bool) -> None:
        servers, why = settings.kafka_bootstrap_servers, self._last_error
        if why is not None and why.code() in _AUTHENTICATION:
            raise AuthenticationError(
                f"the broker at {servers} refuses this client ({why.str()}): check HOURGLASS_KAFKA_SECURITY_PROTOCOL, "
                "_SASL_MECHANISM, _SASL_USERNAME, _SASL_PASSWORD and _SSL_CA_LOCATION"
            ) from exc
        if out_of_time:
            raise BrokerUnavailableError(
                f"no broker answers at {servers} ({why.str() if why else _text_of(exc)}): start it, or set "
                "HOURGLASS_KAFKA_BOOTSTRAP_SERVERS"
            ) from exc

    def _enqueue(self, value: bytes, key: str, milliseconds: int, on_end: Callable[..., None]) -> None:
        give_up_at: float | None = None
        while True:
            self._refuse_if_fatal()
            try:
                self._kafka.produce(self._topic, value, key.encode(), timestamp=milliseconds, on_delivery=on_end)
            except BufferError as exc:
                give_up_at = give_up_at or self._clock() + self._queue_limit_seconds
                if self._clock() >= give_up_at:
                    raise QueueFullError(
                        f"the queue to {self._topic!r} stayed full for {self._queue_limit_seconds:g} s: "
                        "the broker takes nothing; try again when it is back"
                    ) from exc
                self._kafka.poll(_POLL_SECONDS)
            except KafkaException as exc:
                self._note_error(exc.args[0])
                self._refuse_if_fatal()
                raise RecordRefusedError(f"Kafka refuses the record: {_text_of(exc)}") from exc
            else:
                return

    def _serve(self, limit_seconds: float) -> None:
        self._kafka.poll(limit_seconds)

    def _account(
        self, event_id: str | None, on_delivery: OnDelivery | None, error: KafkaError | None, message: Message
    ) -> None:
        outcome = outcome_of(error)
        self._outcomes[outcome] += 1
        if on_delivery is None:
            return
        if error is None:
            on_delivery(Delivery(event_id, self._topic, message.partition(), message.offset(), outcome))
        else:
            on_delivery(Delivery(event_id, self._topic, None, None, outcome, error.str()))

    def _note_error(self, error: KafkaError) -> None:
        if error.fatal():
            self._fatal = error.str()
        # "all brokers down" follows the reason and would hide it
        elif error.code() != KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001  same
            self._last_error = error

    def _refuse_if_fatal(self) -> None:
        if self._fatal is not None:
            raise FatalProducerError(
                f"Kafka ended this producer ({self._fatal}): what is in flight is unknown; start again and "
                "send those events again under their ids"
            )


def outcome_of(error: KafkaError | None) -> Outcome:
    """Say whether a record is in the topic, from the error of its delivery callback."""
    if error is None:
        return Outcome.ACKED
    return Outcome.FAILED if error.code() in _NEVER_WRITTEN else Outcome.UNKNOWN


def _configuration(settings: ProducerSettings) -> dict[str, Any]:
    configuration: dict[str, Any] = {
        "bootstrap.servers": settings.kafka_bootstrap_servers,
        "client.id": "hourglass",
        "enable.idempotence": True,
        "acks": "all",
        "partitioner": "murmur2_random",  # as Java's: other producers put the same run into the same partition
        "compression.type": "lz4",
        "linger.ms": 20,
        "batch.size": 512 * 1024,
        "message.max.bytes": EVENT_BYTES_MAX + 48_000,
        "queue.buffering.max.messages": _QUEUE_RECORDS_MAX,
        "queue.buffering.max.kbytes": _QUEUE_KIBIBYTES_MAX,
        "delivery.timeout.ms": round(settings.delivery_limit_seconds * 1000),
        "reconnect.backoff.max.ms": 2000,
        "security.protocol": settings.kafka_security_protocol.value,
    }
    if settings.kafka_security_protocol in {SecurityProtocol.SASL_PLAINTEXT, SecurityProtocol.SASL_SSL}:
        configuration |= _credentials(settings)
    if settings.kafka_ssl_ca_location is not None:
        configuration["ssl.ca.location"] = str(settings.kafka_ssl_ca_location)
    return configuration


def _credentials(settings: ProducerSettings) -> dict[str, Any]:
    username, password = settings.kafka_sasl_username, settings.kafka_sasl_password
    if username is None or password is None:
        raise ProducerSetupError(
            f"{settings.kafka_security_protocol} needs HOURGLASS_KAFKA_SASL_USERNAME and _SASL_PASSWORD"
        )
    return {
        "sasl.mechanism": settings.kafka_sasl_mechanism.value,
        "sasl.username": username,
        "sasl.password": password.get_secret_value(),
    }


def _text_of(exc: Exception) -> str:
    error = exc.args[0] if exc.args else exc
    return error.str() if isinstance(error, KafkaError) else str(error)
