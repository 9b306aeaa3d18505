"""Land a topic as raw bytes, one line an event, in hourly directories of the Kafka timestamp.

It is fast because of batches, one join for each run of records of one hour instead of work per record, ISA-L or zstd
at level 1, large fetches, one client per need, and uploads with an unsigned payload (presigned URLs). It does not look
into an event, and it does not know whether a PUT whose offsets were not committed has landed.
"""

import http.client
import json
import sys
import time
import zlib
from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import boto3
import zstandard
from botocore.config import Config
from confluent_kafka import Consumer, Message, TopicPartition
from isal import isal_zlib

BATCH_RECORDS = 250  # a join, a compressor and its input fit into the second-level cache
ROLL_BYTES = 64 * 2**20
HOUR_MILLISECONDS = 3_600_000
SUFFIXES = {"zstd-1": ".jsonl.zst", "gzip-1": ".jsonl.gz", "plain": ".jsonl"}
ZSTD = zstandard.ZstdCompressionParameters.from_level(1, window_log=18)
GZIP_WINDOW = 16 + zlib.MAX_WBITS
VALUE_OF: Any = Message.value  # this topic has no tombstones


class Plain:
    """A compressor that does not compress."""

    def compress(self, lines: bytes) -> bytes:
        """Return the input."""
        return lines

    def flush(self) -> bytes:
        """Return nothing: nothing is buffered."""
        return b""


def compressor(codec: str) -> Any:
    """Return the compressor of one object."""
    if codec == "zstd-1":
        return zstandard.ZstdCompressor(compression_params=ZSTD).compressobj()
    return isal_zlib.compressobj(1, wbits=GZIP_WINDOW) if codec == "gzip-1" else Plain()


class Landing:
    """The open file of each hour."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.task = task
        self.open: dict[int, tuple[Any, list[bytes]]] = {}
        self.size = 0
        self.signer = boto3.client(
            "s3",
            endpoint_url=task["s3_endpoint"],
            region_name=task["s3_region"],
            aws_access_key_id=task["s3_access_key_id"],
            aws_secret_access_key=task["s3_secret_access_key"],
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )
        self.server = http.client.HTTPConnection(urlsplit(task["s3_endpoint"]).netloc, blocksize=2**20)

    def append(self, hour: int, lines: bytes) -> None:
        """Compress lines of an hour, counted since 1970."""
        if hour not in self.open:
            self.open[hour] = compressor(self.task["codec"]), []
        packer, pieces = self.open[hour]
        piece = packer.compress(lines)
        pieces.append(piece)
        self.size += len(piece)

    def put_all(self) -> None:
        """Upload one object for each hour."""
        for hour, (packer, pieces) in self.open.items():
            pieces.append(packer.flush())
            path = datetime.fromtimestamp(hour * 3600, UTC).strftime("%Y/%m/%d/%H")
            self.put(f"{self.task['prefix']}{path}/{uuid4()}{SUFFIXES[self.task['codec']]}", pieces)
        self.open.clear()
        self.size = 0

    def put(self, key: str, pieces: list[bytes]) -> None:
        """Upload an object."""
        url = self.signer.generate_presigned_url("put_object", {"Bucket": self.task["bucket"], "Key": key}, 600)
        size = sum(map(len, pieces))
        self.server.request("PUT", url, iter(pieces), {"Content-Length": str(size)})
        answer = self.server.getresponse()
        told = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise OSError(f"PUT {key}: {answer.status} {told[:500]!r}")


def hour_of(message: Message) -> int:
    """Return the hour of a record, counted since 1970."""
    return message.timestamp()[1] // HOUR_MILLISECONDS


def main() -> None:
    """Land the records between the committed offsets and the end offsets."""
    task = json.load(sys.stdin)
    consumer = Consumer(
        {
            "bootstrap.servers": task["bootstrap_servers"],
            "group.id": f"tuned-{task['bucket']}",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "check.crcs": False,
            "fetch.min.bytes": 1_000_000,
            "fetch.message.max.bytes": 8_000_000,
            "fetch.max.bytes": 64_000_000,
            "queued.min.messages": 100_000,
            "queued.max.messages.kbytes": 131_072,
        }
    )
    partitions = [TopicPartition(task["topic"], number) for number in range(task["partitions"])]
    begins = [max(found.offset, 0) for found in consumer.committed(partitions)]
    ends = [consumer.get_watermark_offsets(partition)[1] for partition in partitions]
    left = sum(ends) - sum(begins)
    consumer.assign([TopicPartition(task["topic"], number, begin) for number, begin in enumerate(begins)])
    landing, rolled = Landing(task), time.monotonic()
    while left:
        messages = consumer.consume(BATCH_RECORDS, 1.0)
        if any(map(Message.error, messages)):
            raise OSError(str(next(filter(None, map(Message.error, messages)))))
        for hour, group in groupby(messages, hour_of):
            landing.append(hour, b"\n".join([*map(VALUE_OF, group), b""]))
        left -= len(messages)
        if left <= 0 or landing.size > ROLL_BYTES or time.monotonic() - rolled > task["roll_seconds"]:
            landing.put_all()
            consumer.commit(asynchronous=False)
            rolled = time.monotonic()
    consumer.close()


main()
