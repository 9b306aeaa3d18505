"""Land a topic the obvious way: parse and serialize each event, keep a list for each hour, put each file at once."""

import gzip
import json
import sys
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import boto3
import zstandard
from confluent_kafka import Consumer, TopicPartition

ROLL_RECORDS = 100_000
SUFFIXES = {"zstd-1": ".jsonl.zst", "gzip-1": ".jsonl.gz", "plain": ".jsonl"}


def pack(codec: str, text: bytes) -> bytes:
    """Compress a whole object."""
    if codec == "zstd-1":
        return zstandard.compress(text, 1)
    return gzip.compress(text, 1) if codec == "gzip-1" else text


def put_all(store: Any, task: dict[str, Any], hours: dict[str, list[Any]]) -> None:
    """Upload one object for each hour."""
    for hour, events in hours.items():
        text = "".join(json.dumps(event, separators=(",", ":"), ensure_ascii=False) + "\n" for event in events)
        key = f"{task['prefix']}{hour}/{uuid4()}{SUFFIXES[task['codec']]}"
        store.put_object(Bucket=task["bucket"], Key=key, Body=pack(task["codec"], text.encode()))
    hours.clear()


def main() -> None:
    """Land the records between the committed offsets and the end offsets."""
    task = json.load(sys.stdin)
    consumer = Consumer(
        {
            "bootstrap.servers": task["bootstrap_servers"],
            "group.id": f"naive-{task['bucket']}",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    store = boto3.client(
        "s3",
        endpoint_url=task["s3_endpoint"],
        region_name=task["s3_region"],
        aws_access_key_id=task["s3_access_key_id"],
        aws_secret_access_key=task["s3_secret_access_key"],
    )
    partitions = [TopicPartition(task["topic"], number) for number in range(task["partitions"])]
    begins = [max(found.offset, 0) for found in consumer.committed(partitions)]
    left = sum(consumer.get_watermark_offsets(partition)[1] for partition in partitions) - sum(begins)
    consumer.assign([TopicPartition(task["topic"], number, begin) for number, begin in enumerate(begins)])
    hours: dict[str, list[Any]] = {}
    held, rolled = 0, time.monotonic()
    while left:
        message = consumer.poll(1.0)
        if message is not None:
            if error := message.error():
                raise OSError(str(error))
            event = json.loads(message.value() or b"null")
            hour = datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC).strftime("%Y/%m/%d/%H")
            hours.setdefault(hour, []).append(event)
            held += 1
            left -= 1
        if left == 0 or held >= ROLL_RECORDS or time.monotonic() - rolled > task["roll_seconds"]:
            put_all(store, task, hours)
            if held:
                consumer.commit(asynchronous=False)
            held, rolled = 0, time.monotonic()
    consumer.close()


main()
