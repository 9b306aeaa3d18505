"""A real broker, a real S3 server and the landing job, without Dagster and Snowflake; each can be killed alone.

    with ProcessServers(folder) as servers, LandingStack(servers, "hours", parallelism=2) as stack:
        stack.start_job()
        sent = stack.produce([Raw(event(n), partition=n % 4) for n in range(1000)])
        stack.kill_job()
        stack.start_job()
        stack.wait_until_landed(sent)
        assert sent == set(read_landed(stack.settings).accepted)

One pair of servers carries any number of streams; each stream has its own topic, prefix and job. All functions of
`tests.integration.truth` take `stack.settings`. A wait that fails raises `TimeoutError` and names its aim.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from types import TracebackType
from typing import Any, Self

from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions

from flink_jobs import deploy
from flink_jobs.contracts.layout import Kind
from flink_jobs.contracts.ledger import LedgerEntry
from flink_jobs.flink.rest import FlinkRest
from flink_jobs.settings import LandingSettings, StartingOffsets
from infra.local.ports import free_ports
from infra.local.servers import broker
from infra.local.settings import LOOPBACK
from tests.integration.truth import Position, keys, objects, read_object, wait_for
from tests.stacks.seam import JobFile, Servers

BEGIN = datetime(2025, 8, 1, 3, 30, tzinfo=UTC)
"""The timestamp of records that name none."""
SECONDS_MAX = 120.0
ANSWER_SECONDS_MAX = 60.0


@dataclass(frozen=True, slots=True)
class Raw:
    """A record as bytes; it is sent to the broker without a check or a change."""

    value: bytes | None
    partition: int = 0
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    timestamp: datetime = BEGIN


def event(number: int, **fields: Any) -> bytes:
    """Return an event that keeps the contract; its id is `e-<number>` unless `fields` replace it."""
    values = {
        "event_id": f"e-{number}",
        "event_type": "RUN_START",
        "schema_version": 1,
        "occurred_at": "2025-08-01T03:30:00Z",
        "organization": "o",
        "deployment": "d",
        "payload": {},
        "run_id": "r-1",
    }
    return json.dumps(values | fields).encode()


class LandingStack:
    """One stream on these servers, with its topic and its landing job; a context manager that leaves no job behind.

    Args:
        servers: running servers.
        stream: name of the stream and of its topic; unique among the stacks of the same servers.
        partitions: of the topic.
        topic_config: of the topic; by default record time is the producer's.
        changes: any field of `LandingSettings`. The default checkpoint interval is one second.
    """

    def __init__(
        self,
        servers: Servers,
        stream: str,
        *,
        partitions: int = 4,
        topic_config: Mapping[str, str] | None = None,
        **changes: Any,
    ) -> None:
        self.servers = servers
        self._job = servers.job()
        self._topic_config = dict(topic_config or {})
        self.settings = servers.settings.model_copy(
            update={"stream": stream, "topic": stream, "topic_partitions": partitions}
        )
        local = self.settings
        quick: dict[str, Any] = {"checkpoint_seconds": 1, "parallelism": 1}
        self.landing = LandingSettings(
            **{
                "stream": stream,
                "topic": stream,
                "kafka_bootstrap_servers": self.bootstrap_servers,
                "bucket": local.bucket,
                "s3_endpoint": f"http://{LOOPBACK}:{local.s3_port}",
                "s3_region": local.s3_region,
                "s3_access_key_id": local.s3_access_key_id,
                "s3_secret_access_key": local.s3_secret_access_key,
                "flink_home": local.runtime_dir / "flink",
                "flink_rest": f"http://{LOOPBACK}:{free_ports(1)[0]}",
                "data_dir": local.data_dir / stream,
                **quick,
                **changes,
            }
        )

    def __enter__(self) -> Self:
        self._create_topic()
        return self

    def _create_topic(self) -> None:
        """Create the topic, and wait until the broker knows it, which is a moment after it has acknowledged it."""
        broker.create_topic(self.settings, self._topic_config)
        self._wait_for_topic(there=True)

    def _wait_for_topic(self, *, there: bool) -> None:
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers})
        wait_for(
            lambda: there == (self.settings.topic in admin.list_topics(timeout=ANSWER_SECONDS_MAX).topics),
            seconds_max=ANSWER_SECONDS_MAX,
            what=f"{self.settings.topic} to be {'there' if there else 'gone'}",
            poll_seconds=0.05,
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._job.remove(self.landing)

    @property
    def bootstrap_servers(self) -> str:
        """The address of the broker."""
        return f"{LOOPBACK}:{self.settings.kafka_port}"

    def job_lives(self) -> bool:
        """Whether the process of the job exists, running or paused."""
        return self._job.lives(self.landing)

    def start_job(
        self,
        environment: Mapping[str, str] | None = None,
        *,
        offsets: StartingOffsets = StartingOffsets.EARLIEST,
        **changes: Any,
    ) -> deploy.JobHandle:
        """Start or continue the job, and wait until it reads.

        Args:
            environment: variables for this process of the job only.
            offsets: where to begin without a restore point; `GROUP` simulates an operator's mistake.
            changes: fields of `LandingSettings` to replace from now on.
        """
        self.landing = self.landing.model_copy(update=changes)
        return self._job.start(self.landing, environment or {}, offsets)

    def stop_job(self) -> str:
        """Stop the job with a savepoint; returns its path."""
        return self._job.stop(self.landing)

    def status(self) -> deploy.JobStatus:
        """Return what `hourglass job status` prints."""
        return self._job.status(self.landing)

    def job_shows(self) -> str:
        """Return the command lines and the environments of the job's processes."""
        return self._job.shown(self.landing)

    def job_files(self) -> list[JobFile]:
        """Return the files that the job has left, where it ran."""
        return self._job.files(self.landing)

    def kill_job(self) -> None:
        """Kill -9 every process of the job and wait until they are gone."""
        self._job.kill(self.landing)
        self.wait_until_job_ends()

    def pause_job(self) -> None:
        """Freeze every process of the job."""
        self._job.pause(self.landing)

    def resume_job(self) -> None:
        """Resume a paused job."""
        self._job.resume(self.landing)

    def wait_until_job_ends(self, seconds_max: float = SECONDS_MAX) -> None:
        """Wait until the process of the job has ended, for any reason."""
        wait_for(lambda: not self.job_lives(), seconds_max=seconds_max, what="the end of the job", poll_seconds=0.1)

    def produce(self, records: Iterable[Raw]) -> set[Position]:
        """Send records, each to its partition, and return their positions; all replicas acknowledge each of them."""
        sent = _Sent()
        self._send(self._producer, records, sent)
        assert not self._producer.flush(ANSWER_SECONDS_MAX), "the broker did not acknowledge every record"
        return sent.positions

    @cached_property
    def _producer(self) -> Any:
        return Producer({"bootstrap.servers": self.bootstrap_servers, "acks": "all", "enable.idempotence": True})

    def produce_in_transaction(self, records: Iterable[Raw], *, commit: bool = True) -> set[Position]:
        """Send records in one transaction and commit or abort it; aborted records take offsets, too."""
        with self.transaction() as transaction:
            positions = transaction.send(records)
            transaction.end(commit=commit)
        return positions

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a transaction; `end` ends it, and leaving the block aborts it otherwise."""
        producer = Producer(
            {
                "bootstrap.servers": self.bootstrap_servers,
                "transactional.id": f"{self.settings.stream}-{os.urandom(4).hex()}",
            }
        )
        producer.init_transactions(ANSWER_SECONDS_MAX)
        producer.begin_transaction()
        transaction = Transaction(self, producer)
        try:
            yield transaction
        finally:
            if transaction.open:
                transaction.end(commit=False)

    def _send(self, producer: Producer, records: Iterable[Raw], sent: _Sent) -> None:
        for record in records:
            while True:
                try:
                    producer.produce(
                        self.settings.topic,
                        record.value,
                        record.key,
                        partition=record.partition,
                        timestamp=int(record.timestamp.timestamp() * 1000),
                        headers=list(record.headers),
                        on_delivery=sent,
                    )
                except BufferError:
                    producer.poll(1.0)
                else:
                    break
            producer.poll(0)

    def add_partitions(self, total: int) -> None:
        """Add partitions to the topic."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers})
        admin.create_partitions([NewPartitions(self.settings.topic, total)])[self.settings.topic].result(
            ANSWER_SECONDS_MAX
        )
        self.__dict__.pop("_producer", None)  # it knows the partitions that were there when it began

    def recreate_topic(self) -> None:
        """Delete the topic and create it again, empty; the broker gives it another id."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers})
        admin.delete_topics([self.settings.topic])[self.settings.topic].result(ANSWER_SECONDS_MAX)
        self._wait_for_topic(there=False)
        self._create_topic()
        self.__dict__.pop("_producer", None)

    def delete_records(self, partition: int, before: int) -> None:
        """Delete all records of a partition below an offset."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers})
        oldest = TopicPartition(self.settings.topic, partition, before)
        for deleted in admin.delete_records([oldest]).values():
            deleted.result(ANSWER_SECONDS_MAX)

    def ledger(self) -> list[LedgerEntry]:
        """Read every entry, per partition in the order of offsets."""
        bodies = objects(self.settings, self.landing.layout.prefix(Kind.LEDGER))
        entries = [entry for _, body in bodies for entry in entries_of(body)]
        return sorted(entries, key=lambda entry: (entry.topic, entry.partition, entry.first_offset))

    def checkpoints_completed(self) -> int:
        """Count the checkpoints of the living job since its start."""
        rest = FlinkRest(self.landing.flink_rest)
        job = rest.find_job(self.landing.job_name)
        assert job is not None, "the job does not live"
        return rest.checkpoints(job.job_id).completed

    def wait_for_checkpoints(self, total: int, seconds_max: float = SECONDS_MAX) -> None:
        """Wait until the living job has completed this many checkpoints since its start."""
        wait_for(lambda: self.checkpoints_completed() >= total, seconds_max=seconds_max, what=f"{total} checkpoints")

    def wait_until_landed(self, positions: Iterable[Position], seconds_max: float = SECONDS_MAX) -> None:
        """Wait until the ledger has reached these positions in every partition; each of its objects is read once."""
        last = {(topic, partition): offset for topic, partition, offset in sorted(positions)}
        reached: dict[tuple[str, int], int] = {}
        seen: set[str] = set()

        def landed() -> bool:
            for key in keys(self.settings, self.landing.layout.prefix(Kind.LEDGER)):
                if key not in seen:
                    seen.add(key)
                    for entry in entries_of(read_object(self.settings, key)):
                        partition = entry.topic, entry.partition
                        reached[partition] = max(entry.last_offset, reached.get(partition, -1))
            return all(reached.get(partition, -1) >= offset for partition, offset in last.items())

        wait_for(landed, seconds_max=seconds_max, what=f"the ledger to reach {last}")


def entries_of(body: bytes) -> list[LedgerEntry]:
    """Parse one object of the ledger."""
    return [LedgerEntry.model_validate_json(line) for line in body.splitlines()]


@dataclass
class Transaction:
    """One transaction, with its own producer."""

    stack: LandingStack
    producer: Any
    open: bool = True

    def send(self, records: Iterable[Raw]) -> set[Position]:
        """Send records and wait until they are acknowledged; readers of committed records see them only after `end`."""
        sent = _Sent()
        self.stack._send(self.producer, records, sent)
        assert not self.producer.flush(ANSWER_SECONDS_MAX), "the broker did not acknowledge every record"
        return sent.positions

    def end(self, *, commit: bool) -> None:
        """Commit or abort; a marker takes one offset of each partition that was written to."""
        self.open = False
        (self.producer.commit_transaction if commit else self.producer.abort_transaction)(ANSWER_SECONDS_MAX)


class _Sent:
    """Collects the positions of acknowledged records."""

    def __init__(self) -> None:
        self.positions: set[Position] = set()

    def __call__(self, error: Any, message: Any) -> None:
        assert error is None, error
        self.positions.add((message.topic(), message.partition(), message.offset()))
