"""Read topic ids, offset ranges and readable offsets from Kafka; the consumer joins no group and commits nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicCollection
from confluent_kafka import TopicPartition as KafkaPartition
from confluent_kafka.admin import AdminClient

from flink_jobs.contracts.ledger import TopicIdentity, TopicPartition, partition_name
from flink_jobs.contracts.ranges import Ranges
from flink_jobs.errors import SetupError, UnreachableError
from producers.kafka import OffsetRange, topic_id_text

ANSWER_SECONDS_MAX = 10.0
BATCH = 500
JUMP = 5_000
"""Within this distance reading on is cheaper than a seek."""
_SILENT = {"log_level": 0, "reconnect.backoff.ms": 500, "reconnect.backoff.max.ms": 2000}


class BrokerReader(Protocol):
    """What an audit asks of a broker."""

    def identities(self, topics: Sequence[str]) -> Mapping[str, TopicIdentity]:
        """Read the identity of each topic."""
        ...

    def offset_ranges(self, topic: str) -> Mapping[TopicPartition, OffsetRange]:
        """Read the range of every partition of a topic."""
        ...

    def readable(self, partition: TopicPartition, wanted: Ranges) -> Iterator[int]:
        """Iterate over the wanted offsets at which a record can be read, in rising order."""
        ...


class KafkaReader:
    """Read with a consumer of its own.

    Args:
        client: settings of librdkafka: where the brokers are, who we are.
    """

    def __init__(self, client: Mapping[str, Any]) -> None:
        self._access = {**_SILENT, **client}
        self._client = {
            **self._access,
            "group.id": "hourglass-ledger-check",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
        }

    def identities(self, topics: Sequence[str]) -> Mapping[str, TopicIdentity]:
        """Read the identities; a topic of a broker without topic ids is absent.

        Raises:
            SetupError: there is no such topic.
            UnreachableError: no broker answers.
        """
        admin = AdminClient(self._access)
        cluster = self._ask(lambda: admin.describe_cluster(request_timeout=ANSWER_SECONDS_MAX).result())
        described = admin.describe_topics(TopicCollection(list(topics)), request_timeout=ANSWER_SECONDS_MAX)
        ids = {topic: self._topic_id(topic, future) for topic, future in described.items()}
        return {topic: TopicIdentity(cluster.cluster_id, its) for topic, its in ids.items() if its}

    def _topic_id(self, topic: str, described: Any) -> str | None:
        try:
            return topic_id_text(described.result().topic_id)
        except KafkaException as exc:
            if exc.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise SetupError(f"the broker has no topic {topic}: set HOURGLASS_TOPIC") from exc
            raise UnreachableError(f"the broker does not describe the topic {topic}: {exc.args[0].str()}") from exc

    def offset_ranges(self, topic: str) -> Mapping[TopicPartition, OffsetRange]:
        """Read the high watermarks: records of open transactions count.

        Raises:
            SetupError: there is no such topic.
            UnreachableError: no broker answers.
        """
        with closing(self._consumer("read_uncommitted")) as consumer:
            found = self._ask(lambda: consumer.list_topics(topic, timeout=ANSWER_SECONDS_MAX).topics[topic])
            if found.error is not None or not found.partitions:
                raise SetupError(f"the broker has no topic {topic}: set HOURGLASS_TOPIC")
            partitions = [KafkaPartition(topic, number) for number in sorted(found.partitions)]
            return {(topic, one.partition): self._offset_range(consumer, one) for one in partitions}

    def readable(self, partition: TopicPartition, wanted: Ranges) -> Iterator[int]:
        """Read with `read_committed`; seek over what lies between wanted offsets that are far apart."""
        spans = deque(wanted.spans)
        with closing(self._consumer("read_committed")) as consumer:
            while spans:
                consumer.assign([KafkaPartition(*partition, spans[0][0])])
                for offset in self._messages(consumer, partition):
                    while spans and spans[0][1] < offset:
                        spans.popleft()
                    if not spans:
                        return
                    if spans[0][0] <= offset:
                        yield offset
                    elif spans[0][0] - offset > JUMP:
                        break
                else:
                    return  # the end of the partition

    def _messages(self, consumer: Any, partition: TopicPartition) -> Iterator[int]:
        """Iterate over the offsets to the end of the partition."""
        while True:
            # `consume` alone would wait until a whole batch is there.
            message = self._ask(lambda: consumer.poll(ANSWER_SECONDS_MAX))
            if message is None:
                raise UnreachableError(f"the broker stopped answering while {partition_name(partition)} was read")
            for found in (message, *self._ask(lambda: consumer.consume(BATCH, 0))):
                if found.error() is None:
                    yield found.offset()
                elif found.error().code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                    return
                else:
                    raise UnreachableError(f"{partition_name(partition)} cannot be read: {found.error().str()}")

    def _consumer(self, isolation: str) -> Any:
        return Consumer({**self._client, "isolation.level": isolation})

    def _offset_range(self, consumer: Any, partition: Any) -> OffsetRange:
        low, end = self._ask(lambda: consumer.get_watermark_offsets(partition, timeout=ANSWER_SECONDS_MAX))
        return OffsetRange(low, end)

    def _ask(self, question: Callable[[], Any]) -> Any:
        try:
            return question()
        except KafkaException as exc:
            servers = self._client["bootstrap.servers"]
            raise UnreachableError(
                f"no Kafka broker answers at {servers} ({exc.args[0].name()}): "
                "start it, or set HOURGLASS_KAFKA_BOOTSTRAP_SERVERS"
            ) from exc


def offset_ranges_of(reader: BrokerReader, topics: Sequence[str]) -> dict[TopicPartition, OffsetRange]:
    """Read the range of every partition of several topics."""
    return {partition: its for topic in topics for partition, its in reader.offset_ranges(topic).items()}
