"""Read everything back, independently of the product's own readers: the broker's records, and each landed line."""

from __future__ import annotations

import gzip
import json
import re
import time
from base64 import b64decode
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import zstandard
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition
from dagster import DagsterInstance

from infra.local.servers import object_store
from infra.local.settings import LocalSettings
from orchestration.landing.sensor.run_tags import hours_of

Position = tuple[str, int, int]
"""Topic, partition, offset: the identity of a record."""


@dataclass
class Landed:
    """Every line of the bucket: the position of its record in Kafka, its count, and the hour of its folder."""

    accepted: Counter[Position] = field(default_factory=Counter)
    rejected: Counter[Position] = field(default_factory=Counter)
    hours: dict[Position, str] = field(default_factory=dict)

    @property
    def doubled(self) -> set[Position]:
        """Positions that landed more than once, of either kind."""
        return {position for position, times in (self.accepted + self.rejected).items() if times > 1}


def read_landed(settings: LocalSettings) -> Landed:
    """Read every landed and rejected object to the last line."""
    landed = Landed()
    for kind, positions in (("landing", landed.accepted), ("rejected", landed.rejected)):
        for key, body in objects(settings, f"{settings.stream}/{kind}/"):
            text = plain(key, body)
            assert text.endswith(b"\n"), key
            for line in text.splitlines():
                record = json.loads(line)
                position = (record["topic"], record["partition"], record["offset"])
                positions[position] += 1
                landed.hours[position] = "/".join(key.split("/")[2:6])
    return landed


def landed_offsets(settings: LocalSettings) -> dict[tuple[str, int], list[int]]:
    """List the offsets of each partition's accepted lines in landing order: by epoch, then by line.

    Use it only for a job that was started once, with one subtask, and for records of one hour.
    """
    landed = [(_epoch(key), plain(key, body)) for key, body in objects(settings, f"{settings.stream}/landing/")]
    assert 1 == len({instance for (instance, _), _ in landed}), "several operator instances have no order"
    offsets: dict[tuple[str, int], list[int]] = defaultdict(list)
    for _, lines in sorted(landed):
        for line in lines.splitlines():
            record = json.loads(line)
            offsets[record["topic"], record["partition"]].append(record["offset"])
    return dict(offsets)


def objects(settings: LocalSettings, prefix: str) -> Iterator[tuple[str, bytes]]:
    """Iterate over the objects below a prefix."""
    for key in keys(settings, prefix):
        yield key, read_object(settings, key)


def keys(settings: LocalSettings, prefix: str) -> Iterator[str]:
    """Iterate over the keys below a prefix."""
    for page in _store(settings).get_paginator("list_objects_v2").paginate(Bucket=settings.bucket, Prefix=prefix):
        yield from (found["Key"] for found in page.get("Contents", []))


def read_object(settings: LocalSettings, key: str) -> bytes:
    """Read one object."""
    body: bytes = _store(settings).get_object(Bucket=settings.bucket, Key=key)["Body"].read()
    return body


@cache
def _store(settings: LocalSettings) -> Any:
    return object_store.client(settings)  # a client costs as much as fifty requests


def plain(key: str, body: bytes) -> bytes:
    """Decompress an object by the suffix of its name."""
    if key.endswith(".zst"):
        return zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True).read()
    return gzip.decompress(body) if key.endswith(".gz") else body


def _epoch(key: str) -> tuple[str, int]:
    name = re.search(r"/part-([0-9a-f]+)\.(\d+)-", key)
    assert name, key
    return name[1], int(name[2])


def object_contents(settings: LocalSettings) -> Iterator[tuple[str, bytes]]:
    """Iterate over all objects of the bucket, decompressed; rejected lines with their base64 content decoded.

    A running job deletes its former checkpoint and lease: one that is gone since the listing is left out.
    """
    for key in keys(settings, ""):
        try:
            body = read_object(settings, key)
        except _store(settings).exceptions.NoSuchKey:
            assert key.startswith("flink/"), key
            continue
        content = plain(key, body)
        yield key, content + (_rejected_values(content) if "/rejected/" in key else b"")


def _rejected_values(lines: bytes) -> bytes:
    records = [json.loads(line) for line in lines.splitlines()]
    values = [record.get(name) for record in records for name in ("payload_base64", "key_base64")]
    values += [value for record in records for _, value in record.get("headers", [])]
    return b"\n".join(b64decode(value) for value in values if value is not None)


def record_contents(settings: LocalSettings) -> Iterator[tuple[str, bytes]]:
    """Iterate over all records of the topic: key, value and headers as one."""
    for message in _messages(settings, "read_uncommitted"):
        parts = [message.key(), message.value(), *(value for _, value in message.headers() or [])]
        yield f"{message.topic()}[{message.partition()}]:{message.offset()}", b"\n".join(filter(None, parts))


def topic_positions(settings: LocalSettings) -> set[Position]:
    """Return every offset between the broker's watermarks; on a transactional topic not every offset is a record."""
    consumer = Consumer({"bootstrap.servers": f"127.0.0.1:{settings.kafka_port}", "group.id": "truth"})
    try:
        partitions = consumer.list_topics(settings.topic, timeout=10).topics[settings.topic].partitions
        marks = {p: consumer.get_watermark_offsets(TopicPartition(settings.topic, p), timeout=10) for p in partitions}
    finally:
        consumer.close()
    return {(settings.topic, p, offset) for p, (low, high) in marks.items() for offset in range(low, high)}


def readable_positions(settings: LocalSettings) -> set[Position]:
    """Return the position of every record that a reader of committed records gets."""
    messages = _messages(settings, "read_committed")
    return {(message.topic(), message.partition(), message.offset()) for message in messages}


def _messages(settings: LocalSettings, isolation: str) -> Iterator[Any]:
    """Iterate over the topic from its first record to its present end."""
    ends = {(topic, partition) for topic, partition, _ in topic_positions(settings)}
    reader = Consumer(
        {
            "bootstrap.servers": f"127.0.0.1:{settings.kafka_port}",
            "group.id": "truth",
            "isolation.level": isolation,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    try:
        reader.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for topic, partition in ends])
        while ends:
            message: Any = reader.poll(20)
            assert message is not None, f"the broker gives nothing of {ends}"
            if message.error() is None:
                yield message
            else:
                assert KafkaError._PARTITION_EOF == message.error().code(), message.error()
                ends.discard((message.topic(), message.partition()))
    finally:
        reader.close()


def runs_by_hour() -> Counter[str]:
    """Count the runs of the Dagster instance by partition; a range counts for each of its hours."""
    with DagsterInstance.get() as instance:
        return Counter(hour.partition_key for run in instance.get_runs() for hour in hours_of(run.tags))


def wait_for(condition: Callable[[], bool], *, seconds_max: float, what: str, poll_seconds: float = 0.2) -> None:
    """Wait until a condition holds, up to a limit; the error names the condition."""
    deadline = time.monotonic() + seconds_max
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds_max:.0f} s in vain for {what}")
        time.sleep(poll_seconds)
