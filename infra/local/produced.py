"""Count the records of topics per hour of record time.

The counts are stored with the offsets they were counted to, so that each call reads new records only.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from flink_jobs.contracts.layout import Hour
from infra.local.processes import StackError
from orchestration.files import replace_file
from producers.kafka import KafkaAccess, topic_id_text

CALL_SECONDS_MAX = 10.0
_log = logging.getLogger("hourglass.produced")
_log.addHandler(logging.NullHandler())  # librdkafka logs twenty lines a second while a broker is away


@dataclass
class TopicCount:
    """Records per hour label, and the offset to which each partition was counted."""

    per_hour: Counter[str] = field(default_factory=Counter)
    positions: dict[int, int] = field(default_factory=dict)


@dataclass
class StoredCounts:
    """The counts of topics, each under the id of its topic: a topic that was created again begins at zero."""

    by_topic_id: dict[str, TopicCount] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> StoredCounts:
        """Read stored counts, or start new ones; those of a release that knew one topic are counted again."""
        try:
            kept = json.loads(path.read_text()).get("by_topic_id", {})
        except FileNotFoundError:
            return cls()
        return cls(
            {
                topic_id: TopicCount(
                    Counter(count["per_hour"]), {int(p): offset for p, offset in count["positions"].items()}
                )
                for topic_id, count in kept.items()
            }
        )

    def save(self, path: Path) -> None:
        """Replace the stored counts atomically."""
        counts = {
            topic_id: {"per_hour": dict(count.per_hour), "positions": count.positions}
            for topic_id, count in self.by_topic_id.items()
        }
        replace_file(path, json.dumps({"by_topic_id": counts}).encode())

    def of(self, topic: str, topic_id: str) -> TopicCount:
        """Return the count of a topic, a new one for an id that was never counted."""
        return self.by_topic_id.setdefault(f"{topic}:{topic_id}", TopicCount())


def produced_per_hour(access: KafkaAccess, topics: Sequence[str], stored_in: Path) -> dict[str, int]:
    """Count the records of topics up to their present ends, by the hour of their timestamp.

    Args:
        access: to the broker.
        topics: to count together.
        stored_in: file of the counts, from one call to the next.

    Raises:
        StackError: the broker does not answer.
    """
    stored = StoredCounts.load(stored_in)
    total: Counter[str] = Counter()
    try:
        for topic, topic_id in _topic_ids(access, topics).items():
            count = stored.of(topic, topic_id)
            _count(access, topic, count)
            total += count.per_hour
    except KafkaException as exc:
        raise StackError(f"{access.absence(exc.args[0])}; the local stack is started by `hourglass up`") from exc
    stored.save(stored_in)
    return dict(total)


def _topic_ids(access: KafkaAccess, topics: Sequence[str]) -> dict[str, str]:
    """Return the id of each topic; a topic that does not exist yet has none and holds nothing."""
    admin = AdminClient({**access.librdkafka()}, logger=_log)
    known = admin.list_topics(timeout=CALL_SECONDS_MAX).topics
    existing = [topic for topic in topics if topic in known]
    if not existing:
        return {}
    answers = admin.describe_topics(TopicCollection(existing), request_timeout=CALL_SECONDS_MAX)
    return {topic: topic_id_text(answer.result(CALL_SECONDS_MAX).topic_id) or "" for topic, answer in answers.items()}


def _count(access: KafkaAccess, topic: str, count: TopicCount) -> None:
    consumer = Consumer(
        {
            **access.librdkafka(),
            "group.id": "hourglass-produced",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        },
        logger=_log,
    )
    try:
        _count_to_the_end(consumer, topic, count)
    finally:
        consumer.close()


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
