"""A stream document under test: its topics, its landing job, its stage and its table, in containers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from confluent_kafka import Producer
from pydantic import SecretStr
from testcontainers.core.network import Network

from flink_jobs.contracts.layout import ObjectKey
from infra.testing.kafka import KafkaContainer
from infra.testing.landing_job import LandingJobContainer
from infra.testing.local_snowflake import LocalSnowflakeContainer
from infra.testing.object_store import ObjectStoreContainer
from orchestration.landing.verification.lines import plain
from orchestration.stream.catalog import StreamEntry, read_streams
from snowflake_components.applying.account import apply_plan, plan_account
from snowflake_components.applying.project import read_objects
from snowflake_components.connection import SnowflakeSettings, open_session

SENT_SECONDS_MAX, LANDED_SECONDS_MAX, POLL_SECONDS = 60.0, 120.0, 0.3
Event = bytes | str | Mapping[str, Any]
"""A record: its bytes, or an event as a mapping, which is sent as JSON."""


@dataclass(frozen=True, slots=True)
class Landed:
    """Every line that the job has landed, as in its objects: `event` or `reason`, and the position in Kafka."""

    accepted: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Chain:
    """The running servers that a stream is tested on."""

    network: Network
    kafka: KafkaContainer
    store: ObjectStoreContainer
    snowflake: LocalSnowflakeContainer


class StreamUnderTest:
    """The one stream that the documents of a folder describe; a context manager that leaves no job behind.

    Entering it creates topics, bucket, stage and external table, and starts the landing job.

    Args:
        chain: the servers.
        folder: with `defs.yaml`.
        changes: fields of `LandingSettings`, such as `codec`.

    Raises:
        ResolutionException: all mistakes of the document, with file, line and field.
    """

    def __init__(self, chain: Chain, folder: Path, **changes: Any) -> None:
        self._chain = chain
        self._folder = folder
        self.entry = one_stream(folder)
        document = self.entry.document
        places = {"topic": ",".join(document.topics), "bucket": document.bucket}
        self.job = LandingJobContainer.of(chain.network, chain.kafka, chain.store, document.prefix, **places | changes)
        self._sent = 0

    def __enter__(self) -> Self:
        document = self.entry.document
        for topic in document.topics:
            self._chain.kafka.create_topic(topic, config={"message.timestamp.type": document.record_time.value})
        self._chain.store.create_bucket(document.bucket)
        self._apply_documents()
        self.job.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.job.__exit__(kind, error, trace)

    def send(self, *events: Event, at: datetime | None = None) -> None:
        """Send records to the first topic, and wait until the broker has acknowledged them.

        Args:
            events: the records.
            at: their record time, where the topic has that of the producer; default: now.
        """
        producer = Producer({"bootstrap.servers": self._chain.kafka.bootstrap_servers, "acks": "all"})
        time_milliseconds = int(at.timestamp() * 1000) if at else 0
        for event in events:
            value = json.dumps(event) if isinstance(event, Mapping) else event
            producer.produce(self.entry.document.topics[0], value, timestamp=time_milliseconds)
        if left := producer.flush(SENT_SECONDS_MAX):
            raise TimeoutError(f"the broker did not acknowledge {left} records")
        self._sent += len(events)

    def landed(self) -> Landed:
        """Read every line that has landed by now."""
        prefix = self.entry.document.prefix
        return Landed(list(self._lines(f"{prefix}/landing/")), list(self._lines(f"{prefix}/rejected/")))

    def wait_until_landed(self) -> Landed:
        """Wait until every record that was sent has landed, accepted or rejected, and return the lines.

        Raises:
            TimeoutError: the job has landed fewer lines; with the end of its output.
        """
        deadline = time.monotonic() + LANDED_SECONDS_MAX
        while True:
            landed = self.landed()
            lines = len(landed.accepted) + len(landed.rejected)
            if lines >= self._sent:
                return landed
            if time.monotonic() > deadline:
                raise TimeoutError(f"{lines} of {self._sent} records have landed\n{self.job.tail()}")
            time.sleep(POLL_SECONDS)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Register what has landed with the external table, and run a statement against Snowflake."""
        self._chain.snowflake.query(f"ALTER EXTERNAL TABLE {self.entry.table.name} REFRESH")
        return self._chain.snowflake.query(statement)

    def _lines(self, prefix: str) -> Iterable[dict[str, Any]]:
        client, bucket = self._chain.store.client(), self.entry.document.bucket
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for one in page.get("Contents", []):
                body = client.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
                yield from map(json.loads, plain(ObjectKey.parse(one["Key"]), body).splitlines())

    def _apply_documents(self) -> None:
        snowflake = self._chain.snowflake
        settings = SnowflakeSettings(
            host=snowflake.host,
            port=snowflake.published_port,
            user=snowflake.user,
            password=SecretStr(snowflake.password),
        )
        with open_session(settings) as session:
            plan = plan_account(session, read_objects(self._folder))
            list(apply_plan(session, plan.pending))


def one_stream(folder: Path) -> StreamEntry:
    """Return the stream that the documents of a folder describe; more than one, or none, is a mistake."""
    found = read_streams(folder)
    if len(found) != 1:
        raise ValueError(f"{folder} describes {len(found)} streams, not one")
    return found[0]
