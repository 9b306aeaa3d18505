"""The landing job as it is deployed: an application cluster of Flink, a JobManager and a TaskManager."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from testcontainers.core.network import Network

from flink_jobs import deploy
from flink_jobs.settings import LandingSettings, StartingOffsets
from infra.testing.container import ChainContainer
from infra.testing.landing_job import REST_PORT, JobManagerContainer, TaskManagerContainer
from tests.stacks.containers import ContainerJob, ContainerServers, handle_of

PROPERTIES = {
    "heartbeat.interval": "2000",  # Flink's defaults are 10 and 50 s: a cluster waits that long for a lost container
    "heartbeat.timeout": "16000",
    "pekko.startup-timeout": "120 s",  # 10 s are too short on a machine that starts everything at once
    "pekko.ask.timeout": "60 s",
}


class Application:
    """The two containers of one job.

    Args:
        network: of the chain.
        settings: of the job, with addresses as the network knows them.
        rest_port: of this machine.
    """

    def __init__(self, network: Network, settings: LandingSettings, rest_port: int) -> None:
        self.manager = JobManagerContainer(network, settings, alias=f"{settings.stream}-jobmanager")
        self.manager.publish(REST_PORT, rest_port)
        self.worker = TaskManagerContainer(self.manager, network)
        for container in (self.manager, self.worker):
            lines = [f"{name}: {value}" for name, value in PROPERTIES.items()]
            container.with_env("FLINK_PROPERTIES", "\n".join([container.env.get("FLINK_PROPERTIES", ""), *lines]))

    @property
    def containers(self) -> tuple[ChainContainer, ChainContainer]:
        """JobManager and TaskManager."""
        return self.manager, self.worker

    def start(self) -> Self:
        """Start both, and wait until the job reads.

        Raises:
            ContainerEndedError: the JobManager ended.
            TimeoutError: the job does not run in time.
        """
        for container in self.containers:
            container.start()
        self.manager.wait_until_ready()
        return self

    def kill(self) -> None:
        """Kill both."""
        for container in self.containers:
            container.kill()

    def remove(self) -> None:
        """Remove what there is of them."""
        for container in self.containers:
            if container._container:
                container.stop()


class ApplicationJob(ContainerJob):
    """The job of one stream as an application cluster; each start makes a new one."""

    application: Application | None = None

    def start(
        self, landing: LandingSettings, environment: Mapping[str, str], offsets: StartingOffsets
    ) -> deploy.JobHandle:
        """Start a new cluster with the job, and wait until it reads."""
        assert (offsets, {}) == (StartingOffsets.EARLIEST, environment), (
            "the image starts from the newest restore point"
        )
        self.remove(landing)
        settings = self._servers.settings_inside(landing)
        self.application = Application(self._servers.job_network, settings, landing.rest_port)
        self._container = self.application.manager
        self.application.start()
        return handle_of(landing, self.application.manager)

    def kill(self, landing: LandingSettings) -> None:
        """Kill both containers."""
        del landing
        assert self.application is not None, "the job does not live"
        self.application.kill()

    def status(self, landing: LandingSettings) -> deploy.JobStatus:
        """Return what `hourglass job status` prints on any machine that reaches the cluster."""
        return deploy.status(landing)

    def remove(self, landing: LandingSettings) -> None:
        """Remove the cluster."""
        del landing
        if self.application:
            self.application.remove()
        self.application = self._container = None


class ApplicationServers(ContainerServers):
    """Servers whose jobs are application clusters."""

    def job(self) -> ApplicationJob:
        """Make the landing job of one stream."""
        return ApplicationJob(self)
