"""Count the records of the topic per hour of record time.

The counts are stored with the offsets they were counted to, so that each call reads new records only.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from flink_jobs.contracts.layout import Hour
from infra.local.processes import StackError, port_answers
from infra.local.settings import LOOPBACK, LocalSettings

CALL_SECONDS_MAX = 10.0
_log = logging.getLogger("hourglass.produced")
_log.addHandler(logging.NullHandler())  # librdkafka logs twenty lines a second while a broker is away


@dataclass
class TopicCount:
    """Records per hour label, and the offset to which each partition was counted."""

    per_hour: Counter[str] = field(default_factory=Counter)
    positions: dict[int, int] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> TopicCount:
        """Read a stored count, or start a new one."""
        try:
            kept = json.loads(path.read_text())
        except FileNotFoundError:
            return cls()
        return cls(Counter(kept["per_hour"]), {int(p): offset for p, offset in kept["positions"].items()})

    def save(self, path: Path) -> None:
        """Replace the stored count atomically."""
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = path.with_suffix(".new")
        whole.write_text(json.dumps({"per_hour": dict(self.per_hour), "positions": self.positions}))
        whole.replace(path)


def produced_per_hour(settings: LocalSettings) -> dict[str, int]:
    """Count the records of the topic up to its present end, by the hour of their timestamp.

    Raises:
        StackError: the broker does not answer.
    """
    address = f"{LOOPBACK}:{settings.kafka_port}"
    away = StackError(f"the broker at {address} does not answer: start the stack, `hourglass up`")
    if not port_answers(settings.kafka_port):
        raise away
    path = settings.data_dir / "run" / "produced.json"
    count = TopicCount.load(path)
    consumer = Consumer(
        {
            "bootstrap.servers": address,
            "group.id": "hourglass-produced",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        },
        logger=_log,
    )
    try:
        _count_to_the_end(consumer, settings.topic, count)
    except KafkaException as exc:
        raise away from exc
    finally:
        consumer.close()
    count.save(path)
    return dict(count.per_hour)


def _count_to_the_end(consumer: Consumer, topic: str, count: TopicCount) -> None:
    partitions = consumer.list_topics(topic, timeout=CALL_SECONDS_MAX).topics[topic].partitions
    consumer.assign([TopicPartition(topic, p, count.positions.get(p, 0)) for p in partitions])
    open_partitions = set(partitions)
    while open_partitions:
        message = consumer.poll(CALL_SECONDS_MAX)
        if message is None:
            raise KafkaException(KafkaError._TIMED_OUT)  # noqa: SLF001 (its public name)
        _count_message(message, count, open_partitions)


def _count_message(message: Message, count: TopicCount, open_partitions: set[int]) -> None:
    error, partition, offset = message.error(), message.partition(), message.offset()
    if error is None and partition is not None and offset is not None:
        count.per_hour[Hour.containing_milliseconds(message.timestamp()[1]).label] += 1
        count.positions[partition] = offset + 1
    elif error is not None and error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 (its public name)
        open_partitions.discard(partition if partition is not None else -1)
    else:
        raise KafkaException(error)
