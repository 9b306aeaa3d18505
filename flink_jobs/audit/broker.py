"""The broker as a witness: what it still has, and what an independent consumer may read of it.

It joins no group and commits nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from flink_jobs.audit.entries import Place, place_name
from flink_jobs.contracts.ranges import Ranges
from flink_jobs.errors import SetupError, UnreachableError

ANSWER_SECONDS_MAX = 10.0
BATCH = 500
JUMP = 5_000
"""Offsets that are rather read and passed over than jumped."""
_SILENT = {"log_level": 0, "reconnect.backoff.ms": 500, "reconnect.backoff.max.ms": 2000}


@dataclass(frozen=True, slots=True)
class Marks:
    """The first offset that the broker still has, and the offset that the next record will get."""

    low: int
    end: int


class Witness(Protocol):
    """What an audit asks of a broker."""

    def marks(self, topic: str) -> Mapping[Place, Marks]:
        """Read the marks of every partition of a topic."""
        ...

    def readable(self, place: Place, wanted: Ranges) -> Iterator[int]:
        """Walk those of the wanted offsets at which a record can be read, rising."""
        ...


class KafkaWitness:
    """Reads with a consumer of its own.

    Args:
        client: settings of librdkafka: where the brokers are, who we are.
    """

    def __init__(self, client: Mapping[str, Any]) -> None:
        self._client = {
            **_SILENT,
            **client,
            "group.id": "hourglass-ledger-check",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
        }

    def marks(self, topic: str) -> Mapping[Place, Marks]:
        """Ask for the high watermarks: also records of open transactions count.

        Raises:
            SetupError: there is no such topic.
            UnreachableError: no broker answers.
        """
        with closing(self._consumer("read_uncommitted")) as consumer:
            found = self._ask(lambda: consumer.list_topics(topic, timeout=ANSWER_SECONDS_MAX).topics[topic])
            if found.error is not None or not found.partitions:
                raise SetupError(f"the broker has no topic {topic}: set HOURGLASS_TOPIC")
            partitions = [TopicPartition(topic, number) for number in sorted(found.partitions)]
            return {(topic, one.partition): self._marks(consumer, one) for one in partitions}

    def readable(self, place: Place, wanted: Ranges) -> Iterator[int]:
        """Read as a consumer that sees committed records only; between wanted offsets that lie far apart it jumps."""
        spans = deque(wanted.spans)
        with closing(self._consumer("read_committed")) as consumer:
            while spans:
                consumer.assign([TopicPartition(*place, spans[0][0])])
                for offset in self._messages(consumer, place):
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

    def _messages(self, consumer: Any, place: Place) -> Iterator[int]:
        """Walk offsets to the end of the partition."""
        while True:
            # `consume` alone waits until a whole batch is there.
            message = self._ask(lambda: consumer.poll(ANSWER_SECONDS_MAX))
            if message is None:
                raise UnreachableError(f"the broker stopped to answer while {place_name(place)} was read")
            for found in (message, *self._ask(lambda: consumer.consume(BATCH, 0))):
                if found.error() is None:
                    yield found.offset()
                elif found.error().code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                    return
                else:
                    raise UnreachableError(f"{place_name(place)} cannot be read: {found.error().str()}")

    def _consumer(self, isolation: str) -> Any:
        return Consumer({**self._client, "isolation.level": isolation})

    def _marks(self, consumer: Any, partition: Any) -> Marks:
        low, end = self._ask(lambda: consumer.get_watermark_offsets(partition, timeout=ANSWER_SECONDS_MAX))
        return Marks(low, end)

    def _ask(self, question: Callable[[], Any]) -> Any:
        try:
            return question()
        except KafkaException as exc:
            servers = self._client["bootstrap.servers"]
            raise UnreachableError(
                f"no Kafka broker answers at {servers} ({exc.args[0].name()}): "
                "start it, or set HOURGLASS_KAFKA_BOOTSTRAP_SERVERS"
            ) from exc


def all_marks(witness: Witness, topics: Sequence[str]) -> dict[Place, Marks]:
    """Read the marks of every partition of several topics."""
    return {place: marks for topic in topics for place, marks in witness.marks(topic).items()}
