"""The producer of platform events: idempotent, `acks=all`, and every record gets an outcome.

The only module that imports the producer of confluent_kafka; it raises the errors of `producers.errors` instead.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import attrgetter
from types import TracebackType
from typing import NamedTuple, Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from producers.errors import (
    ClosedProducerError,
    EventTooLargeError,
    FatalProducerError,
    ProducerError,
    ProducerSetupError,
    QueueFullError,
    RecordRefusedError,
)
from producers.events import EVENT_BYTES_MAX, PlatformEvent
from producers.sending.connection import check_topic, connection_of, log, text_of
from producers.sending.delivery import Delivery, DeliveryReport, OnDelivery, Outcome
from producers.sending.isolation import isolate
from producers.sending.limits import TopicLimits
from producers.settings import ProducerSettings

_QUEUE_RECORDS_MAX = 100_000
_QUEUE_KIBIBYTES_MAX = 128 * 1024
_BATCH_BYTES_MAX = 512 * 1024
_POLL_SECONDS = 0.1
_PURGE_SECONDS = 5.0
_FATAL_TRIES = 3
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENVELOPE_BYTES_MAX = 48_000

_TOO_LARGE = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})
_REFUSED_WITH_ITS_BATCH = frozenset(
    {
        KafkaError.INVALID_TIMESTAMP,
        KafkaError.INVALID_RECORD,
        KafkaError._INVALID_DIFFERENT_RECORD,  # noqa: SLF001  its public name
        *_TOO_LARGE,
    }
)
"""Errors of a batch for one of its records. The broker validates a batch before it appends it (KIP-467), so that no
record of the batch is in the topic, and sending it again makes no second one."""

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
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001  its public name
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001  its public name
    }
)
"""Errors after which the record is not in the topic. After every other error its outcome is unknown."""

_FATAL = frozenset(
    {
        KafkaError._FATAL,  # noqa: SLF001  its public name
        KafkaError._FENCED,  # noqa: SLF001  its public name
        KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER,
        KafkaError.UNKNOWN_PRODUCER_ID,
        KafkaError.INVALID_PRODUCER_EPOCH,
        KafkaError.PRODUCER_FENCED,
    }
)
"""Errors after which an idempotent producer accepts no more records."""

_PART_RECORDS_MAX = 2_000
"""Records that are sent again at once. They make one batch of their partition, unless queueing takes longer than the
linger: then a refusal can leave the records of a later batch before those of an earlier one."""


class _Refused(NamedTuple):
    """A record of a refused batch, as it is sent again."""

    number: int
    value: bytes
    key: str
    milliseconds: int
    error: KafkaError


class EventProducer:
    """Send platform events to one topic; the events of a run stay in one partition, in order.

    Promised: one producer writes no record twice, records of one key keep their order, and no record fails for another
    one: a record that the topic's limits exclude is refused by `send`, and a batch that the broker refuses nevertheless
    is sent again in parts until the refused records stand alone. Not promised: after a crash the caller may send an
    event again, which makes a second record with the same `event_id`; and records of such a batch come behind records
    of their key that were queued after them. That needs a topic with limits below Kafka's defaults that these
    credentials may not read. `send` returns when the record is queued, not when it is acked; the outcome arrives in
    `on_delivery` and in the counts of `flush`.

    Raises:
        ProducerSetupError: broker away, credentials refused or topic missing, within `setup_limit_seconds`.
    """

    def __init__(
        self,
        settings: ProducerSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._topic = settings.topic
        self._queue_limit_seconds = settings.queue_limit_seconds
        self._flush_limit_seconds = settings.flush_limit_seconds
        self._clock = clock
        self._now = now
        self._refused: list[_Refused] = []
        self._outcomes: Counter[Outcome] = Counter()
        self._taken = 0
        self._closed = False
        self._fatal: str | None = None
        self._callback_error: Exception | None = None
        self._open: dict[int, tuple[str | None, OnDelivery | None]] = {}
        self._limits = check_topic(settings, clock)
        self._kafka = _connect(settings, self._limits)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def report(self) -> DeliveryReport:
        """The counts so far; outcomes arrive only during `send`, `flush` and `close`."""
        ends = self._outcomes
        return DeliveryReport(self._taken, ends[Outcome.ACKED], ends[Outcome.FAILED], ends[Outcome.UNKNOWN])

    def send(
        self,
        event: PlatformEvent,
        *,
        record_time: datetime | None = None,
        on_delivery: OnDelivery | None = None,
    ) -> None:
        """Queue one event.

        Args:
            event: its key is the run id, else the event id.
            record_time: the Kafka timestamp, after the first instant of 1970, rounded down to milliseconds; None means
                now. A topic with LogAppendTime ignores it.
            on_delivery: called once with the outcome, during this or a later call of this producer. An exception of it
                is raised by that call, after the other outcomes are counted.

        Raises:
            EventTooLargeError, QueueFullError, RecordRefusedError, FatalProducerError, ClosedProducerError: the
                event was not queued.
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
        """Queue bytes unchanged; only their size is checked. Arguments and errors are those of `send`."""
        if self._closed:
            raise ClosedProducerError("this producer is closed: open another one")
        if len(value) > EVENT_BYTES_MAX:
            raise EventTooLargeError(
                f"the event has {len(value):,} bytes, the limit is {EVENT_BYTES_MAX:,}: shorten its payload"
            )
        milliseconds = _timestamp(record_time)
        if milliseconds and (refusal := self._limits.refusal_of(milliseconds, round(self._now() * 1000))):
            raise RecordRefusedError(refusal)
        number = self._taken
        self._enqueue(value, key, milliseconds, partial(self._account, number, milliseconds))
        self._open[number] = event_id, on_delivery
        self._taken += 1
        self._serve(self._kafka.poll, 0)
        if self._refused:
            self._wait(self._flush_limit_seconds)
        self._raise_callback_error()

    def flush(self, limit_seconds: float | None = None) -> DeliveryReport:
        """Wait until every record has an outcome, at most `limit_seconds` (default: the setting).

        Returns:
            The counts; `pending` records have no outcome yet.

        Raises:
            FatalProducerError: no further record will be acked; call `close`.
        """
        self._wait(self._flush_limit_seconds if limit_seconds is None else limit_seconds)
        self._raise_callback_error()
        self._refuse_if_fatal()
        return self.report

    def close(self, limit_seconds: float | None = None) -> DeliveryReport:
        """Close this producer; further calls change nothing. Raises only what `on_delivery` raised.

        1. Flush, at most `limit_seconds` (default: the setting).
        2. Purge the records that are left: their outcome is unknown.
        3. Accept no more records.
        """
        if not self._closed:
            self._closed = True
            self._wait(self._flush_limit_seconds if limit_seconds is None else limit_seconds)
            self._kafka.purge(in_queue=True, in_flight=True)
            self._serve(self._kafka.flush, _PURGE_SECONDS)
            self._fail_refused("the producer was closed")
            for number in list(self._open):
                self._end(number, Outcome.UNKNOWN, error="the producer was closed before Kafka answered")
            self._raise_callback_error()
        return self.report

    def _wait(self, limit_seconds: float) -> None:
        """Wait for outcomes, and send the records of refused batches again until each has one."""
        give_up_at = self._clock() + limit_seconds
        self._serve(self._kafka.flush, limit_seconds)
        while self._refused and self._fatal is None and self._clock() < give_up_at:
            refused = sorted(self._refused, key=attrgetter("number"))
            self._refused = []
            for at in range(0, len(refused), _PART_RECORDS_MAX):
                for alone in isolate(refused[at : at + _PART_RECORDS_MAX], partial(self._send_again, give_up_at)):
                    error = f"{alone.error.str()} ({self._limits.describe()})"
                    self._end(alone.number, Outcome.FAILED, error=error, too_large=alone.error.code() in _TOO_LARGE)
        if self._fatal is not None:
            self._fail_refused(self._fatal)

    def _send_again(self, give_up_at: float, part: list[_Refused]) -> list[_Refused]:
        """Send records again, wait for the answer, and return those that are refused again.

        When the time has passed or the producer has ended, what has no answer stays in `_refused` or in flight.
        """
        for sent, (number, value, key, milliseconds, _) in enumerate(part):
            try:
                self._enqueue(value, key, milliseconds, partial(self._account, number, milliseconds))
            except ProducerError:
                self._refused += part[sent:]
                return []
        self._serve(self._kafka.flush, max(0.0, give_up_at - self._clock()))
        if len(self._kafka):
            return []
        again, self._refused = sorted(self._refused, key=attrgetter("number")), []
        return again

    def _fail_refused(self, why: str) -> None:
        refused, self._refused = self._refused, []
        for record in refused:
            self._end(record.number, Outcome.FAILED, error=f"refused with its batch and not sent again: {why}")

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
                        "the broker accepts no records; try again when it is back"
                    ) from exc
                self._serve(self._kafka.poll, _POLL_SECONDS)
            except KafkaException as exc:
                self._note_fatal(exc.args[0])
                self._refuse_if_fatal()
                raise RecordRefusedError(f"Kafka refuses the record: {text_of(exc)}") from exc
            else:
                return

    def _serve(self, call: Callable[[float], int], limit_seconds: float) -> None:
        """Poll or flush, and retry after an exception to run the remaining callbacks.

        With a fatal error the client raises within a callback, which Python turns into a `SystemError`.
        """
        for _ in range(_FATAL_TRIES):
            try:
                call(limit_seconds)
            except (KafkaException, SystemError) as exc:
                self._fatal = self._fatal or text_of(exc)
            else:
                return

    def _account(self, number: int, milliseconds: int, error: KafkaError | None, message: Message) -> None:
        # the report of a refused record has lost its time, so it comes from the sender
        # with a fatal error pending, the first call into the client raises: `close` ends this record then
        if error is None:
            self._end(number, Outcome.ACKED, (message.partition(), message.offset()))
        elif error.code() in _REFUSED_WITH_ITS_BATCH:
            value, key = message.value() or b"", (message.key() or b"").decode()
            self._refused.append(_Refused(number, value, key, milliseconds, error))
        else:
            self._note_fatal(error)
            self._end(number, outcome_of(error), error=error.str())

    def _end(
        self,
        number: int,
        outcome: Outcome,
        place: tuple[int | None, int | None] = (None, None),
        error: str | None = None,
        *,
        too_large: bool = False,
    ) -> None:
        event_id, on_delivery = self._open.pop(number)
        self._outcomes[outcome] += 1
        if on_delivery is None:
            return
        try:
            on_delivery(Delivery(event_id, self._topic, *place, outcome, error, too_large))
        except Exception as exc:  # noqa: BLE001  raised through the C library it would hide the outcomes of other records
            self._callback_error = self._callback_error or exc

    def _raise_callback_error(self) -> None:
        if self._callback_error is not None:
            error, self._callback_error = self._callback_error, None
            raise error

    def _note_fatal(self, error: KafkaError) -> None:
        if error.code() in _FATAL and self._fatal is None:
            self._fatal = error.str()

    def _refuse_if_fatal(self) -> None:
        if self._fatal is not None:
            raise FatalProducerError(
                f"Kafka ended this producer ({self._fatal}), and the outcome of records in flight is unknown: "
                "start again and send those events again with the same ids"
            )


def outcome_of(error: KafkaError | None) -> Outcome:
    """Return the outcome of a record for the error of its delivery callback."""
    if error is None:
        return Outcome.ACKED
    return Outcome.FAILED if error.code() in _NEVER_WRITTEN else Outcome.UNKNOWN


def _connect(settings: ProducerSettings, limits: TopicLimits) -> Producer:
    configuration = connection_of(settings) | {
        "enable.idempotence": True,
        "acks": "all",
        "partitioner": "murmur2_random",  # as Java's producers: all of them put a run into the same partition
        "compression.type": "lz4",
        "linger.ms": 20,
        # a batch of more than one record that the topic takes whole: a record over its limit then stands alone
        "batch.size": max(1, min(_BATCH_BYTES_MAX, limits.batch_bytes_max)),
        "message.max.bytes": EVENT_BYTES_MAX + _ENVELOPE_BYTES_MAX,
        "queue.buffering.max.messages": _QUEUE_RECORDS_MAX,
        "queue.buffering.max.kbytes": _QUEUE_KIBIBYTES_MAX,
        "delivery.timeout.ms": round(settings.delivery_limit_seconds * 1000),
    }
    try:
        return Producer(configuration, logger=log)
    except (KafkaException, ValueError) as exc:
        raise ProducerSetupError(f"Kafka refuses the settings: {text_of(exc)}") from exc


def _timestamp(record_time: datetime | None) -> int:
    """Return milliseconds since 1970, rounded down: a record stays in its hour. For 0 the library takes the present."""
    if record_time is None:
        return 0
    milliseconds = (record_time - _EPOCH) // timedelta(milliseconds=1)
    if milliseconds <= 0:
        raise RecordRefusedError(f"{record_time.isoformat()} cannot be a record time: Kafka's begin after 1970-01-01")
    return milliseconds
