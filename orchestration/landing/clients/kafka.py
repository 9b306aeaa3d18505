"""Read offsets and record times from Kafka: the only importer of confluent_kafka in this package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, Protocol

from flink_jobs.contracts.layout import record_moment
from orchestration.landing.clients.search import TimestampedOffset, first_within
from orchestration.landing.errors import BrokerRefusedError, BrokerUnavailableError, TopicMissingError
from producers.kafka import KafkaAccess, OffsetRange, topic_id_text

_FORBIDDEN = frozenset({"TOPIC_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED"})
_TRY_SECONDS = 1.0
_RETENTION_MS_MAX = 100 * 365 * 24 * 3_600_000
"""Longer retentions are cut to a century, because a `timedelta` does not hold every number that Kafka accepts."""
_FETCH_WAIT_MS = 10
"""A request at the end of a partition, which the client has read ahead to, delays the next seek for so long."""
_READ_MAX = 10_000
"""Records that `first_record` reads at most: a second or less."""


class _Read(Protocol):
    """Returns the next message, or the one at an offset."""

    def __call__(self, seek_to: int | None = None) -> Any: ...


class RecordTime(StrEnum):
    """The topic's `message.timestamp.type`."""

    CREATE = "CreateTime"
    LOG_APPEND = "LogAppendTime"


@dataclass(frozen=True, slots=True)
class TopicOffsets:
    """The partitions of a topic at one moment.

    Args:
        topic: its name.
        record_time: its `message.timestamp.type`.
        partitions: their offset ranges.
        cluster_id: of the cluster that answered.
        topic_id: tells topics of one name apart; None where the broker has no topic ids.
        retention: its `retention.ms`; None keeps records for ever.
    """

    topic: str
    record_time: RecordTime
    partitions: Mapping[int, OffsetRange]
    cluster_id: str | None = None
    topic_id: str | None = None
    retention: timedelta | None = None


@dataclass(frozen=True, slots=True)
class TopicIdentity:
    """Which topic answers to a name now, and the numbers of its partitions."""

    cluster_id: str | None
    topic_id: str | None
    partitions: tuple[int, ...]

    @classmethod
    def of(cls, offsets: TopicOffsets) -> TopicIdentity:
        """Return the identity of a topic whose offsets were read."""
        return cls(offsets.cluster_id, offsets.topic_id, tuple(sorted(offsets.partitions)))


@dataclass(frozen=True, slots=True)
class TopicSettings:
    """How a topic stamps records, and how safely the brokers keep them.

    Args:
        record_time: its `message.timestamp.type`.
        retention: its `retention.ms`; None keeps records for ever.
        in_sync_min: its `min.insync.replicas`.
        replicas: of the partition that has the fewest.
        in_sync: of them in sync now, in the partition that has the fewest.
    """

    record_time: RecordTime
    retention: timedelta | None
    in_sync_min: int
    replicas: int
    in_sync: int


class Broker(Protocol):
    """What this package reads from a Kafka cluster."""

    def offsets(self, topic: str) -> TopicOffsets:
        """Read the partitions of a topic and their offset ranges."""
        ...

    def identity(self, topic: str) -> TopicIdentity:
        """Read which topic has this name now, and its partitions."""
        ...

    def offsets_at(self, topic: str, partitions: list[int], moment: datetime) -> Mapping[int, TimestampedOffset | None]:
        """Find the first record of each partition with a timestamp at or after `moment`; None without one.

        With transactions it can be a marker or an aborted record.
        """
        ...

    def first_readable(self, topic: str, partition: int, first: int, last: int) -> int | None:
        """Find the first offset from `first` to `last` that a read_committed consumer gets, now or later.

        A record of an open transaction may be read later. None: nothing there can ever be read.
        """
        ...

    def first_record(self, topic: str, partition: int, offset: int, moment: datetime) -> TimestampedOffset | None:
        """Find the first record at `offset` or later, of time `moment` or later, that a read_committed consumer gets.

        None: there is none yet, or too many earlier records lie before it.
        """
        ...

    def record_within(
        self, topic: str, partition: int, offsets: OffsetRange, earliest: datetime, latest: datetime
    ) -> TimestampedOffset | None:
        """Find a record of a range of offsets whose time is from `earliest` to `latest`, near the first such one.

        It is one that a read_committed consumer gets. What that needs of record times: `clients.search`.
        """
        ...


@dataclass(frozen=True)
class KafkaBroker:
    """A Kafka cluster, read through its admin API, and through consumers that join no group and commit nothing.

    Offset ranges cover all records: transaction markers and aborted records take offsets that are never read. Only a
    read_committed consumer can find them (`first_readable`, `first_record`).

    Args:
        access: addresses and credentials.
        timeout_seconds: of each request.
    """

    access: KafkaAccess
    timeout_seconds: float = 10.0

    def offsets(self, topic: str) -> TopicOffsets:
        """Read ids, partitions, settings and offset ranges: five requests, each for all partitions."""
        partitions, cluster_id = self._partitions(topic)
        topic_id = self._topic_id(topic)
        low = self._list_offsets(topic, partitions, _kafka().admin.OffsetSpec.earliest())
        end = self._list_offsets(topic, partitions, _kafka().admin.OffsetSpec.latest())
        record_time, retention = _stamp_and_retention(self._configuration(topic))
        return TopicOffsets(
            topic,
            record_time,
            {p: OffsetRange(low[p].offset, end[p].offset) for p in partitions},
            cluster_id=cluster_id,
            topic_id=topic_id,
            retention=retention,
        )

    def identity(self, topic: str) -> TopicIdentity:
        """Send two requests."""
        partitions, cluster_id = self._partitions(topic)
        return TopicIdentity(cluster_id, self._topic_id(topic), tuple(partitions))

    def offsets_at(self, topic: str, partitions: list[int], moment: datetime) -> Mapping[int, TimestampedOffset | None]:
        """Send `ListOffsets` by timestamp, in milliseconds."""
        milliseconds = int(moment.timestamp() * 1000)
        found = self._list_offsets(topic, partitions, _kafka().admin.OffsetSpec.for_timestamp(milliseconds))
        return {
            partition: TimestampedOffset(answer.offset, record_moment(answer.timestamp)) if answer.offset >= 0 else None
            for partition, answer in found.items()
        }

    def latest(self, topic: str, partitions: list[int]) -> Mapping[int, TimestampedOffset | None]:
        """Find the record of each partition with the greatest timestamp; None for an empty partition."""
        found = self._list_offsets(topic, partitions, _kafka().admin.OffsetSpec.max_timestamp())
        return {
            partition: TimestampedOffset(answer.offset, record_moment(answer.timestamp)) if answer.offset >= 0 else None
            for partition, answer in found.items()
        }

    def first_readable(self, topic: str, partition: int, first: int, last: int) -> int | None:
        """Read one record from `first` on; the consumer skips markers and aborted records."""
        with self._reader(topic, partition, first) as read:
            message = read()
        # at the end of the readable records the message has an error, and the offset of the next record
        return int(message.offset()) if message.offset() <= last else None

    def first_record(self, topic: str, partition: int, offset: int, moment: datetime) -> TimestampedOffset | None:
        """Read on from `offset`, at most `_READ_MAX` records."""
        with self._reader(topic, partition, offset) as read:
            for _ in range(_READ_MAX):
                message = read()
                if message.error():
                    return None
                found = TimestampedOffset(message.offset(), record_moment(message.timestamp()[1]))
                if found.timestamp >= moment:
                    return found
        return None

    def record_within(
        self, topic: str, partition: int, offsets: OffsetRange, earliest: datetime, latest: datetime
    ) -> TimestampedOffset | None:
        """Read about one record for each halving of the range, with one consumer."""
        with self._reader(topic, partition, offsets.low) as read:
            position = offsets.low

            def probe(offset: int) -> TimestampedOffset | None:
                nonlocal position
                message = read(None if offset == position else offset)
                if message.error():
                    position = offset
                    return None
                position = message.offset() + 1
                return TimestampedOffset(message.offset(), record_moment(message.timestamp()[1]))

            return first_within(probe, offsets.low, offsets.end, earliest, latest)

    def settings(self, topic: str) -> TopicSettings:
        """Read the settings of a topic and the replicas of its partitions: two requests."""
        partitions = self._described(topic)[0].values()
        configuration = self._configuration(topic)
        return TopicSettings(
            *_stamp_and_retention(configuration),
            int(configuration["min.insync.replicas"].value),
            min(len(partition.replicas) for partition in partitions),
            min(len(partition.isrs) for partition in partitions),
        )

    @contextmanager
    def _reader(self, topic: str, partition: int, offset: int) -> Iterator[_Read]:
        """Read committed records from an offset on; after the last one the message has an error and an offset."""
        reader = _kafka().Consumer(
            {
                **self.access.librdkafka(),
                "error_cb": self._errors.append,
                "group.id": "hourglass-attestation",  # required by the client; it never joins
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "fetch.wait.max.ms": _FETCH_WAIT_MS,
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest",  # when retention has deleted the offset
                "log_level": 2,
            }
        )

        def read(seek_to: int | None = None) -> Any:
            if seek_to is not None:
                reader.assign([_kafka().TopicPartition(topic, partition, seek_to)])
            message = reader.poll(self.timeout_seconds)
            if message is None:
                raise TimeoutError
            if message.error() and message.error().code() != _kafka().KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                raise _kafka().KafkaException(message.error())
            return message

        try:
            with self._foreign_errors(f"read {topic}[{partition}]"):
                reader.assign([_kafka().TopicPartition(topic, partition, offset)])
                yield read
        finally:
            reader.close()

    def _partitions(self, topic: str) -> tuple[list[int], str | None]:
        """Return the partitions of a topic, and the id of the cluster."""
        partitions, cluster_id = self._described(topic)
        return sorted(partitions), cluster_id

    def _described(self, topic: str) -> tuple[Mapping[int, Any], str | None]:
        """Return what the client knows of each partition of a topic, and the id of the cluster."""
        with self._foreign_errors(f"describe topic {topic}"):
            metadata = self._metadata(topic)
        found = metadata.topics.get(topic)
        if found is None or found.error is not None or not found.partitions:
            detail = found.error.name() if found is not None and found.error is not None else "not listed"
            raise self._missing(topic, detail)
        return found.partitions, metadata.cluster_id

    def _missing(self, topic: str, detail: str) -> TopicMissingError:
        return TopicMissingError(
            f"broker {self._servers} has no topic {topic} ({detail}); create it or set HOURGLASS_TOPIC"
        )

    def _metadata(self, topic: str) -> Any:
        """Poll with short timeouts: librdkafka reports a refused login only through error_cb."""
        seconds = min(_TRY_SECONDS, self.timeout_seconds)
        for _ in range(round(self.timeout_seconds / seconds) - 1):
            try:
                return self._admin.list_topics(topic, timeout=seconds)
            except _kafka().KafkaException as exc:
                self._refuse_if_hopeless(exc)
        return self._admin.list_topics(topic, timeout=seconds)

    def _topic_id(self, topic: str) -> str | None:
        with self._foreign_errors(f"read the id of topic {topic}"):
            asked = _kafka().TopicCollection([topic])
            futures = self._admin.describe_topics(asked, request_timeout=self.timeout_seconds)
            try:
                found = futures[topic].result(timeout=self.timeout_seconds).topic_id
            except _kafka().KafkaException as exc:
                # a broker can list a topic for a moment after its deletion
                if exc.args[0].code() == _kafka().KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise self._missing(topic, exc.args[0].name()) from exc
                raise
        return topic_id_text(found)

    def _configuration(self, topic: str) -> Any:
        """Read the settings of a topic, those that it has from the broker as well."""
        resource = _kafka().admin.ConfigResource(_kafka().admin.ConfigResource.Type.TOPIC, topic)
        with self._foreign_errors(f"read the settings of topic {topic}"):
            futures = self._admin.describe_configs([resource], request_timeout=self.timeout_seconds)
            return futures[resource].result(timeout=self.timeout_seconds)

    def _list_offsets(self, topic: str, partitions: list[int], spec: Any) -> dict[int, Any]:
        request = {_kafka().TopicPartition(topic, partition): spec for partition in partitions}
        with self._foreign_errors(f"list offsets of topic {topic}"):
            futures = self._admin.list_offsets(request, request_timeout=self.timeout_seconds)
            return {asked.partition: future.result(timeout=self.timeout_seconds) for asked, future in futures.items()}

    @cached_property
    def _admin(self) -> Any:
        settings = {
            **self.access.librdkafka(),
            "error_cb": self._errors.append,
            "socket.timeout.ms": int(self.timeout_seconds * 1000),
            # without it librdkafka logs 20 lines a second while a broker is away
            "reconnect.backoff.ms": 500,
            "reconnect.backoff.max.ms": 10_000,
            "log_level": 2,
        }
        return _kafka().admin.AdminClient(settings)

    @contextmanager
    def _foreign_errors(self, action: str) -> Iterator[None]:
        try:
            yield
        except _kafka().KafkaException as exc:
            error = exc.args[0]
            if error.name() in _FORBIDDEN:
                raise BrokerRefusedError(
                    f"broker {self._servers} refuses to {action}: {error.name()}; grant Describe"
                ) from exc
            self._refuse_if_hopeless(exc, error)
            raise BrokerUnavailableError(f"broker {self._servers} cannot {action} now: {error.name()}") from exc
        except TimeoutError as exc:
            self._refuse_if_hopeless(exc)
            raise BrokerUnavailableError(
                f"broker {self._servers} does not answer within {self.timeout_seconds:g} s ({action})"
            ) from exc

    def _refuse_if_hopeless(self, exc: Exception, *errors: Any) -> None:
        """Raise if the broker refuses this client; librdkafka reports the reason only to error_cb and retries."""
        self._admin.poll(0)
        reported = [*errors, *self._errors]
        self._errors.clear()
        if refusal := self.access.refusal(reported):
            raise BrokerRefusedError(refusal) from exc

    @property
    def _servers(self) -> str:
        return self.access.kafka_bootstrap_servers

    @cached_property
    def _errors(self) -> list[Any]:
        return []


def _stamp_and_retention(configuration: Any) -> tuple[RecordTime, timedelta | None]:
    """Return how a topic stamps records, and how long it keeps them."""
    milliseconds = int(configuration["retention.ms"].value)
    kept = min(milliseconds, _RETENTION_MS_MAX)
    retention = timedelta(milliseconds=kept) if milliseconds >= 0 else None
    return RecordTime(configuration["message.timestamp.type"].value), retention


def _kafka() -> Any:
    # imported late, so that other modules of this package start without it
    import confluent_kafka.admin  # noqa: PLC0415 - imported late on purpose

    return confluent_kafka
