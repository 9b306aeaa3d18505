"""What a test needs of the servers and the landing job, wherever they run: as processes, or in containers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from flink_jobs import deploy
from flink_jobs.settings import LandingSettings, StartingOffsets
from infra.local.settings import LocalSettings


class Server(StrEnum):
    """The two servers; the value is the name of the process or container, and of its log."""

    BROKER = "kafka"
    BUCKET = "s3"


@dataclass(frozen=True, slots=True)
class JobFile:
    """A file that a job has, where it runs."""

    path: Path
    mode: int
    content: bytes


class Job(Protocol):
    """The landing job of one stream. Its settings have the addresses that the test itself uses."""

    def lives(self, landing: LandingSettings) -> bool:
        """Return whether the job's process exists, running or paused."""

    def start(
        self, landing: LandingSettings, environment: Mapping[str, str], offsets: StartingOffsets
    ) -> deploy.JobHandle:
        """Start or continue the job, and wait until it reads.

        Raises:
            LandingJobError: the start is refused.
        """

    def stop(self, landing: LandingSettings) -> str:
        """Stop the job with a savepoint; returns its path."""

    def kill(self, landing: LandingSettings) -> None:
        """Kill -9 every process of the job, and wait until they are gone."""

    def remove(self, landing: LandingSettings) -> None:
        """Kill the job if it lives, and remove what no reader of the test needs."""

    def pause(self, landing: LandingSettings) -> None:
        """Freeze every process of the job."""

    def resume(self, landing: LandingSettings) -> None:
        """Thaw them."""

    def status(self, landing: LandingSettings) -> deploy.JobStatus:
        """Return what `hourglass job status` prints where the job runs."""

    def shown(self, landing: LandingSettings) -> str:
        """Return the command lines and the environments of its processes, while it lives."""

    def files(self, landing: LandingSettings) -> list[JobFile]:
        """Return the files of its data folder, also after its end."""


class Servers(Protocol):
    """A broker and an S3 server with a bucket; a context manager that leaves nothing behind."""

    settings: LocalSettings
    """Their addresses and keys, for the test itself."""
    listening_host: str
    """Where a server of the test must listen, so that the job reaches it at its port of this machine."""

    def __enter__(self) -> Self:
        """Start both."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill both."""

    def job(self) -> Job:
        """Make the landing job of one stream; it does not run yet."""

    def lives(self, server: Server) -> bool:
        """Return whether a server exists, running or paused."""

    def start(self, *servers: Server) -> None:
        """Start the servers that do not run, and wait until they serve; they keep their stored data."""

    def kill(self, server: Server) -> None:
        """Kill -9 a server and wait until it is gone."""

    def pause(self, server: Server) -> None:
        """Freeze a server: its port accepts connections, but no request is answered."""

    def resume(self, server: Server) -> None:
        """Resume a paused server; one that is not paused stays as it is."""
