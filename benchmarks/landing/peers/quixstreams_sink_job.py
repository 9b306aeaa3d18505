"""The job of the peer quixstreams: its S3 file sink, extended to write unchanged lines and one file an hour.

Runs in a separate environment, with the task in the variables `PEER_…`. By default the sink writes one directory a
partition and serializes every value again inside an envelope, so both of its extension points are used: a format and a
directory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import zstandard
from botocore.config import Config
from confluent_kafka import Consumer, TopicPartition
from isal import igzip
from quixstreams import Application
from quixstreams.sinks.base import SinkBatch
from quixstreams.sinks.community.file.formats import Format
from quixstreams.sinks.community.file.s3 import S3FileSink

HOUR_MILLISECONDS = 3_600_000
BROKER_SECONDS_MAX = 30
CONSUMER = {
    "fetch.min.bytes": 65536,
    "fetch.wait.max.ms": 200,
    "fetch.message.max.bytes": 4194304,
    "queued.max.messages.kbytes": 131072,
    "queued.min.messages": 100000,
}
COMPRESSORS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "plain": ("", lambda lines: lines),
    "gzip-1": (".gz", lambda lines: igzip.compress(lines, 1)),
    "zstd-1": (".zst", lambda lines: zstandard.ZstdCompressor(level=1).compress(lines)),
}


class Lines(Format):  # type: ignore[misc] # quixstreams is not installed where this is checked
    """Writes values as they are, one a line, compressed as a whole."""

    supports_append = False

    def __init__(self, codec: str) -> None:
        suffix, self._compress = COMPRESSORS[codec]
        self._extension = f".jsonl{suffix}"

    @property
    def file_extension(self) -> str:
        """The ending of its file names."""
        return self._extension

    def serialize(self, batch: SinkBatch) -> bytes:
        """Join the values."""
        lines = [item.value for item in batch]
        lines.append(b"")
        return self._compress(b"\n".join(lines))


class HourlyFiles(S3FileSink):  # type: ignore[misc] # as above
    """Splits the records between two commits into one file for each hour and partition."""

    def write(self, batch: SinkBatch) -> None:
        """Write one file for each hour of the batch."""
        hours: dict[int, SinkBatch] = {}
        for item in batch:
            hour = item.timestamp // HOUR_MILLISECONDS
            if hour not in hours:
                hours[hour] = SinkBatch(batch.topic, batch.partition)
            hours[hour]._buffer.append(item)  # noqa: SLF001 - `append` would build each item again
        for part in hours.values():
            super().write(part)

    def _directory(self, batch: SinkBatch) -> Path:
        first = next(iter(batch)).timestamp / 1000
        return Path(os.environ["PEER_PREFIX"]) / f"{datetime.fromtimestamp(first, UTC):%Y/%m/%d/%H}"

    def _filename(self, batch: SinkBatch) -> str:
        return f"{batch.partition}.{super()._filename(batch)}"


class Ends:
    """Stops the application once each partition is read to its end.

    Args:
        bootstrap_servers: the broker.
        group: the job continues at its committed offsets.
        topic: all of its partitions count.
    """

    def __init__(self, bootstrap_servers: str, group: str, topic: str) -> None:
        consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": group})
        partitions = consumer.list_topics(topic, BROKER_SECONDS_MAX).topics[topic].partitions
        asked = [TopicPartition(topic, partition) for partition in partitions]
        self._last: dict[int, int] = {}
        for place in consumer.committed(asked, BROKER_SECONDS_MAX):
            first, end = consumer.get_watermark_offsets(place, BROKER_SECONDS_MAX)
            if max(place.offset, first) < end:
                self._last[place.partition] = end - 1
        consumer.close()
        self.stop: Callable[[], None] = lambda: None

    @property
    def reached(self) -> bool:
        """Whether there is nothing more to read."""
        return not self._last

    def passed(self, _topic: str, partition: int, offset: int) -> None:
        """Note that a record was read."""
        if offset == self._last.get(partition):
            del self._last[partition]
            if self.reached:
                self.stop()


def main(environment: Mapping[str, str]) -> None:
    """Land the records between the committed offsets and the present end offsets."""
    topic, bootstrap_servers = environment["PEER_TOPIC"], environment["PEER_BOOTSTRAP_SERVERS"]
    group = environment["PEER_GROUP"]
    ends = Ends(bootstrap_servers, group, topic)
    if ends.reached:
        return
    application = Application(
        broker_address=bootstrap_servers,
        consumer_group=group,
        auto_offset_reset="earliest",
        auto_create_topics=False,
        use_changelog_topics=False,
        commit_interval=float(environment["PEER_ROLL_SECONDS"]),
        consumer_extra_config=CONSUMER,
        on_message_processed=ends.passed,
        state_dir=environment["PEER_WORK_DIR"],
    )
    ends.stop = application.stop
    records = application.dataframe(application.topic(topic, key_deserializer="bytes", value_deserializer="bytes"))
    records.sink(
        HourlyFiles(
            environment["PEER_BUCKET"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            region_name=environment["AWS_REGION"],
            endpoint_url=environment["PEER_S3_ENDPOINT"],
            format=Lines(environment["PEER_CODEC"]),
            config=Config(request_checksum_calculation="when_required"),
        )
    )
    application.run()


if __name__ == "__main__":
    main(os.environ)
