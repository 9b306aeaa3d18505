"""Clients of the deploy commands (broker, bucket, REST, process, clock), as protocols for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from flink_jobs.audit.broker import BrokerReader, KafkaReader
from flink_jobs.contracts.clock import Clock, SystemClock
from flink_jobs.deploy.process import JobProcess
from flink_jobs.deploy.topics import Broker
from flink_jobs.errors import LandingJobError
from flink_jobs.flink.jars import LandingJars
from flink_jobs.flink.rest import CheckpointSummary, FlinkRest, Job, Numbers, SavepointState
from flink_jobs.lease.session_job import Cluster
from flink_jobs.s3.bucket import Bucket
from flink_jobs.s3.objects import Objects
from flink_jobs.settings import LandingSettings, StartingOffsets


class Topics(Protocol):
    """See `Broker`."""

    def partitions(self, topics: Iterable[str]) -> Mapping[str, int]:
        """Count the partitions of those topics that exist."""
        ...


class Rest(Cluster, Protocol):
    """See `FlinkRest`; the keeper of a lease knows only the part of `Cluster`."""

    def find_job(self, name: str) -> Job | None:
        """Find the newest job of that name."""
        ...

    def checkpoints(self, job_id: str) -> CheckpointSummary:
        """Return the newest checkpoint and the counts."""
        ...

    def numbers(self, job_id: str) -> Numbers | None:
        """Return the sums of the job's counters; None before its tasks report any."""
        ...

    def restarts(self, job_id: str) -> int:
        """Count the restarts of a job."""
        ...

    def root_cause(self, job_id: str) -> str | None:
        """Return the first lines of the newest failure."""
        ...

    def stop(self, job_id: str, savepoint_directory: str) -> str:
        """Stop a job with a savepoint; return the id of the request."""
        ...

    def savepoint(self, job_id: str, request_id: str) -> tuple[SavepointState, str]:
        """Return the state of a stop, and the savepoint's path or the failure."""
        ...


class Process(Protocol):
    """See `JobProcess`."""

    log: Path

    def find(self) -> int | None:
        """Find the pid of the living process."""
        ...

    def start(self, restore_path: str | None, starting_offsets: StartingOffsets) -> int:
        """Start Flink with the job."""
        ...

    def jars(self) -> LandingJars | None:
        """Return the jars that it was started with."""
        ...

    def kill(self) -> None:
        """End the process."""
        ...

    def driver_error(self) -> LandingJobError | None:
        """Return the error with which the job's driver ended."""
        ...

    def newest_causes(self) -> str:
        """Return the last causes in the log."""
        ...

    def why_it_ended(self) -> str:
        """Return the lines of the logs that give the cause."""
        ...


@dataclass(frozen=True, slots=True)
class Clients:
    """Broker, bucket, Flink, its process, and the clock."""

    broker: Topics
    bucket: Objects
    rest: Rest
    process: Process
    clock: Clock
    broker_reader: BrokerReader

    @classmethod
    def of(cls, settings: LandingSettings) -> Self:
        """Build the clients of the settings; nothing connects yet."""
        clock = SystemClock()
        return cls(
            Broker(settings),
            Bucket.of(settings),
            FlinkRest(settings.flink_rest),
            JobProcess(settings, clock),
            clock,
            KafkaReader(settings.librdkafka()),
        )
