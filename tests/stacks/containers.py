"""The servers and the landing job in containers.

Jobs have a network of their own, which the servers join: a server that leaves it is cut off from the jobs, and the
readers of a test still reach it.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import SecretStr
from testcontainers.core.container import ExecConfig
from testcontainers.core.network import Network

from flink_jobs import deploy
from flink_jobs.errors import AlreadyRunsError, LandingJobError
from flink_jobs.flink.rest import FlinkRest
from flink_jobs.settings import LandingSettings, StartingOffsets
from infra.local.settings import LOOPBACK, LocalSettings
from infra.testing.container import ChainContainer, ContainerEndedError
from infra.testing.kafka import HOST_PORT, KafkaContainer
from infra.testing.landing_job import ENV_FILE, REST_PORT, LandingJobContainer, in_container
from infra.testing.object_store import PORT, ObjectStoreContainer
from tests.stacks.seam import JobFile, Server

HOST_ALIAS = "host.docker.internal"
LOG = Path("/var/lib/hourglass/logs/flink.log")


class ContainerServers:
    """A broker and an S3 server with a bucket, each a container.

    Args:
        folder: of what the test itself writes.
    """

    listening_host = "0.0.0.0"  # noqa: S104 - containers reach a server of the test through the engine's bridge

    def __init__(self, folder: Path) -> None:
        self.network, self.job_network = Network(), Network()
        self.kafka = self.new_kafka()
        self.store = ObjectStoreContainer(self.network)
        assert self.kafka.host == LOOPBACK, "the readers of the tests reach an engine of this machine only"
        self.settings = LocalSettings(
            data_dir=folder,
            kafka_port=self.kafka.published[HOST_PORT],
            s3_port=self.store.published[PORT],
            s3_secret_access_key=SecretStr(self.store.secret_access_key),
        )
        self._stack = ExitStack()
        self._containers: dict[Server, ChainContainer] = {Server.BROKER: self.kafka, Server.BUCKET: self.store}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for network in (self.network, self.job_network):
                stack.enter_context(network)
            for container in self._containers.values():
                stack.enter_context(container).join(self.job_network)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def new_kafka(self) -> KafkaContainer:
        """Make the broker."""
        return KafkaContainer(self.network)

    def job(self) -> ContainerJob:
        """Make the landing job of one stream."""
        return ContainerJob(self)

    def lives(self, server: Server) -> bool:
        """Return whether the container of a server runs, or is paused."""
        return self._containers[server].lives()

    def start(self, *servers: Server) -> None:
        """Start the servers that do not run, and wait until they serve; they keep their stored data."""
        for server in servers:
            if not self.lives(server):
                self._containers[server].start_again()

    def kill(self, server: Server) -> None:
        """Kill -9 a server and wait until it is gone."""
        self._containers[server].kill()

    def pause(self, server: Server) -> None:
        """Freeze a server."""
        self._containers[server].pause()

    def resume(self, server: Server) -> None:
        """Resume a paused server; one that is not paused stays as it is."""
        self._containers[server].resume()

    def inside(self, address: str) -> str:
        """Return `host:port` of a server as containers know it; a server of the test is at the engine's host."""
        known = {
            self.kafka.bootstrap_servers: self.kafka.inside,
            self.store.address(PORT): urlsplit(self.store.inside).netloc,
        }
        return known.get(address, address.replace(LOOPBACK, HOST_ALIAS))

    def cut(self, server: Server) -> None:
        """Cut a server off from the jobs, as `docker network disconnect` does."""
        self._containers[server].leave(self.job_network)

    def heal(self, server: Server) -> None:
        """Connect it again."""
        self._containers[server].join(self.job_network)

    def settings_inside(self, landing: LandingSettings) -> LandingSettings:
        """Return the settings of a job as its container needs them."""
        endpoint = urlsplit(landing.s3_endpoint or "")
        places = {
            "kafka_bootstrap_servers": self.inside(landing.kafka_bootstrap_servers),
            "s3_endpoint": f"{endpoint.scheme}://{self.inside(endpoint.netloc)}",
        }
        return in_container(landing.model_copy(update=places))


class ContainerJob:
    """A whole landing job in a container of its own; each start makes a new one, as on another machine."""

    def __init__(self, servers: ContainerServers) -> None:
        self._servers = servers
        self._container: LandingJobContainer | None = None

    def lives(self, landing: LandingSettings) -> bool:
        """Return whether its container runs, or is paused."""
        del landing
        return self._container is not None and self._container.lives()

    def start(
        self, landing: LandingSettings, environment: Mapping[str, str], offsets: StartingOffsets
    ) -> deploy.JobHandle:
        """Start a new container with the job, and wait until it reads.

        Raises:
            LandingJobError: the start is refused; with what the command printed.
        """
        if self.lives(landing):
            raise AlreadyRunsError("the container of the job runs")
        assert offsets is StartingOffsets.EARLIEST, "the command of the container starts from the newest restore point"
        self.remove(landing)
        settings = self._servers.settings_inside(landing)
        container = LandingJobContainer(self._servers.job_network, settings, files=files_of(settings))
        container.publish(REST_PORT, landing.rest_port)
        container.with_envs(**environment)
        container.with_kwargs(hostname=container.alias, extra_hosts={HOST_ALIAS: "host-gateway"})
        self._container = container
        try:
            container.start()
        except ContainerEndedError as exc:
            message = str(exc).partition("hourglass: ")[2]
            if not message:
                raise
            raise LandingJobError(message.replace(HOST_ALIAS, LOOPBACK)) from exc
        return handle_of(landing, container)

    def stop(self, landing: LandingSettings) -> str:
        """Stop the job with a savepoint, and wait until its container has ended; returns the savepoint's path."""
        path = deploy.stop(landing)
        self._running().wait()
        return path

    def kill(self, landing: LandingSettings) -> None:
        """Kill -9 every process of its container."""
        del landing
        self._running().kill()

    def remove(self, landing: LandingSettings) -> None:
        """Remove its container."""
        del landing
        if self._container and self._container._container:
            self._container.stop()
        self._container = None

    def pause(self, landing: LandingSettings) -> None:
        """Freeze its container."""
        del landing
        self._running().pause()

    def resume(self, landing: LandingSettings) -> None:
        """Thaw it."""
        del landing
        self._running().resume()

    def status(self, landing: LandingSettings) -> deploy.JobStatus:
        """Return what `hourglass job status` prints in its container."""
        del landing
        done = self._running().exec(["hourglass", "job", "status", "--json"])
        printed: dict[str, Any] = json.loads(done.output[done.output.index(b"{") :])
        return deploy.JobStatus(**{name: printed[name] for name in deploy.JobStatus.__dataclass_fields__})

    def shown(self, landing: LandingSettings) -> str:
        """Return the command lines and the environments of every process of its container."""
        del landing
        command = "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ"
        done = self._running().exec(ExecConfig(["sh", "-c", f"{command}; true"], user="root"))
        return done.output.decode(errors="replace")

    def files(self, landing: LandingSettings) -> list[JobFile]:
        """Return the files of its data folder, and that of its settings."""
        del landing
        return [file for path in ("/var/lib/hourglass", ENV_FILE) for file in self._files_below(path)]

    def _files_below(self, path: str) -> Iterator[JobFile]:
        stream, _ = self._running().get_wrapped_container().get_archive(path)
        with tarfile.open(fileobj=BytesIO(b"".join(stream))) as archive:
            for member in archive:
                if content := archive.extractfile(member):
                    yield JobFile(Path(path).parent / member.name, member.mode & 0o777, content.read())

    def _running(self) -> LandingJobContainer:
        assert self._container is not None, "the job does not live"
        return self._container


def handle_of(landing: LandingSettings, container: LandingJobContainer) -> deploy.JobHandle:
    """Describe the job that a container runs, from Flink's REST interface and from what it printed."""
    job = FlinkRest(landing.flink_rest).find_job(landing.job_name)
    assert job is not None
    said = container.tail(1000).rpartition("starting from ")[2].split()
    restored = said[0] if said and "://" in said[0] else None
    return deploy.JobHandle(job.job_id, 0, landing.flink_rest, LOG, restored)


def files_of(settings: LandingSettings) -> list[Path]:
    """Return the files that the settings name: certificates and keys."""
    return [value for name, value in settings if name.endswith(("_location", "_file")) and isinstance(value, Path)]
