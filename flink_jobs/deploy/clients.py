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
from flink_jobs.flink.rest import CheckpointSummary, FlinkRest, Job, JobState, Numbers, SavepointState
from flink_jobs.s3.bucket import Bucket
from flink_jobs.s3.objects import Objects
from flink_jobs.settings import LandingSettings, StartingOffsets


class Topics(Protocol):
    """See `Broker`."""

    def partitions(self, topics: Iterable[str]) -> Mapping[str, int]:
        """Count the partitions of those topics that exist."""
        ...


class Rest(Protocol):
    """See `FlinkRest`."""

    def find_job(self, name: str) -> Job | None:
        """Find the newest job of that name."""
        ...

    def checkpoints(self, job_id: str) -> CheckpointSummary:
        """Tell how checkpoints go."""
        ...

    def numbers(self, job_id: str) -> Numbers | None:
        """Return the sums of the job's counters; None before its tasks report any."""
        ...

    def restarts(self, job_id: str) -> int:
        """Count the restarts."""
        ...

    def root_cause(self, job_id: str) -> str | None:
        """Give the newest failure."""
        ...

    def stop(self, job_id: str, savepoint_directory: str) -> str:
        """Ask for a stop with savepoint."""
        ...

    def job_state(self, job_id: str) -> JobState | None:
        """Ask for the state of a job."""
        ...

    def cancel(self, job_id: str) -> None:
        """Ask to end a job."""
        ...

    def prolong(self, job_id: str, until_milliseconds: int) -> None:
        """Say until when its client is alive."""
        ...

    def client_check_seconds(self) -> float | None:
        """Ask how often it looks for silent clients."""
        ...

    def savepoint(self, job_id: str, request_id: str) -> tuple[SavepointState, str]:
        """Ask how far a stop is."""
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
        """Name the jars that it was started with."""
        ...

    def kill(self) -> None:
        """End the process."""
        ...

    def driver_error(self) -> LandingJobError | None:
        """Return the error with which the job's driver ended."""
        ...

    def newest_causes(self) -> str:
        """Give the last causes of the log."""
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
