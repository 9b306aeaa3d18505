"""Fill a topic with a corpus once, and keep it. Only this module of the harness imports the broker's clients."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic, sleep

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from benchmarks.landing.peer import Task
from benchmarks.landing.settings import BenchmarkSettings
from benchmarks.landing.workload.corpus import Corpus
from infra.local.servers import broker

Report = Callable[[str], None]
BROKER_SECONDS_MAX = 30
POLL_SECONDS = 0.2
REPORT_EVERY = 1_000_000
POLL_EVERY = 1_000


class TopicIncomplete(Exception):
    """The broker did not take every record."""


@dataclass(frozen=True, slots=True)
class Filled:
    """The content of a topic.

    Attributes:
        value_bytes: size of all values, uncompressed.
        zlib_ratio: compression ratio of zlib's level 6 over 20,000 of them, an event a line.
        ends: records of each partition.
    """

    topic: str
    records: int
    value_bytes: int
    zlib_ratio: float
    ends: tuple[int, ...]


def filled(corpus: Corpus, settings: BenchmarkSettings, report: Report) -> Filled:
    """Fill the topic of a corpus unless it is filled; compare the broker's end offsets in both cases.

    Raises:
        TopicIncomplete: the broker and the corpus differ in their number of records.
    """
    note = _note(corpus, settings)
    if not note.exists():
        report(f"filling topic {corpus.topic}")
        value_bytes = _fill(corpus, settings, report)
        made = Filled(corpus.topic, corpus.records, value_bytes, _zlib_ratio(corpus), _ends(corpus, settings))
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps(asdict(made)))
    known = json.loads(note.read_text())
    found = Filled(**{**known, "ends": tuple(known["ends"])})
    ends = _ends(corpus, settings)
    if ends != found.ends or sum(ends) != corpus.records:
        raise TopicIncomplete(f"topic {corpus.topic} holds {sum(ends):,} records: delete {note}, and it is filled anew")
    return found


def _note(corpus: Corpus, settings: BenchmarkSettings) -> Path:
    return settings.folder / "topics" / f"{corpus.topic}.json"


def _fill(corpus: Corpus, settings: BenchmarkSettings, report: Report) -> int:
    _create_anew(corpus.topic, settings)
    errors: list[KafkaError] = []
    producer = Producer(
        {
            "bootstrap.servers": settings.bootstrap_servers,
            "compression.type": "lz4",
            "enable.idempotence": True,
            "linger.ms": 50,
            "batch.size": 1_000_000,
            "queue.buffering.max.messages": 200_000,
            "partitioner": "murmur2_random",
            "delivery.report.only.error": True,
            "on_delivery": lambda error, _message: errors.append(error),
        }
    )
    value_bytes = 0
    for index in range(corpus.records):
        value = corpus.value(index)
        value_bytes += len(value)
        _produce(producer, corpus.topic, value, corpus.key(index), corpus.timestamp(index))
        if index % POLL_EVERY == 0:
            producer.poll(0)
        if index % REPORT_EVERY == REPORT_EVERY - 1:
            report(f"  {index + 1:,} records")
    if producer.flush(BROKER_SECONDS_MAX * 4) or errors:
        raise TopicIncomplete(f"the broker refused records of {corpus.topic}: {errors[:1]}")
    return value_bytes


def _produce(producer: Producer, topic: str, value: bytes, key: bytes, timestamp: int) -> None:
    while True:
        try:
            producer.produce(topic, value, key, timestamp=timestamp)
        except BufferError:
            producer.poll(0.1)
        else:
            return


def _create_anew(topic: str, settings: BenchmarkSettings) -> None:
    """Create the topic; delete the one of an interrupted filling first."""
    admin = AdminClient({"bootstrap.servers": settings.bootstrap_servers})
    if topic in admin.list_topics(timeout=BROKER_SECONDS_MAX).topics:
        admin.delete_topics([topic])[topic].result(BROKER_SECONDS_MAX)
    broker.create_topic(settings.local.model_copy(update={"topic": topic}))


def _ends(corpus: Corpus, settings: BenchmarkSettings) -> tuple[int, ...]:
    consumer = Consumer({"bootstrap.servers": settings.bootstrap_servers, "group.id": "benchmark-ends"})
    try:
        return _ask_for_ends(consumer, corpus.topic, settings.partitions)
    except KafkaException as exc:
        raise TopicIncomplete(
            f"the broker does not tell where topic {corpus.topic} ends ({exc.args[0]}): "
            f"delete {_note(corpus, settings)}, and the topic is filled anew"
        ) from exc
    finally:
        consumer.close()


def _ask_for_ends(consumer: Consumer, topic: str, partitions: int) -> tuple[int, ...]:
    """Return the end offsets; retry, because a broker that has just started does not know its partitions yet."""
    give_up = monotonic() + BROKER_SECONDS_MAX
    while True:
        try:
            return tuple(_end(consumer, topic, partition) for partition in range(partitions))
        except KafkaException:
            if monotonic() >= give_up:
                raise
        sleep(POLL_SECONDS)


def _end(consumer: Consumer, topic: str, partition: int) -> int:
    _, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=BROKER_SECONDS_MAX)
    return end


class Sender:
    """Sends single records to the topic of a task, as an application does.

    Args:
        task: its topic exists.
    """

    def __init__(self, task: Task) -> None:
        self._topic = task.topic
        self._producer = Producer(
            {"bootstrap.servers": task.bootstrap_servers, "compression.type": "lz4", "linger.ms": 50}
            | {"enable.idempotence": True, "message.max.bytes": 1_048_588}
        )

    def send(self, key: bytes, value: bytes, timestamp: int) -> None:
        """Pass a record to the client; the time is in milliseconds since 1970."""
        _produce(self._producer, self._topic, value, key, timestamp)
        self._producer.poll(0)

    def flush(self) -> None:
        """Wait until the broker has acknowledged everything."""
        if left := self._producer.flush(BROKER_SECONDS_MAX * 4):
            raise TopicIncomplete(f"the broker did not take {left:,} records of {self._topic}")


def create_topic(topic: str, settings: BenchmarkSettings) -> None:
    """Create an empty topic."""
    _create_anew(topic, settings)


def _zlib_ratio(corpus: Corpus) -> float:
    lines = b"".join(corpus.value(index) + b"\n" for index in range(min(corpus.records, 20_000)))
    return round(len(lines) / len(zlib.compress(lines, 6)), 2)
