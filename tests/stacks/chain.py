"""The whole chain in containers; only what a test itself starts, such as the relay, is a process of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster import DagsterInstance
from testcontainers.core.network import Network

from flink_jobs.settings import LandingSettings
from infra.local.jobs import Report, stop_with_savepoint
from infra.local.processes import ProcessTable, Program, Running, StackError
from infra.local.servers import dagster
from infra.local.settings import LocalSettings
from infra.local.stack import Stack
from infra.testing.container import ChainContainer, ContainerEndedError
from infra.testing.dagster import WEBSERVER_PORT, DagsterContainer, PostgresContainer
from infra.testing.kafka import HOST_PORT, KafkaContainer
from infra.testing.landing_job import REST_PORT, in_container
from infra.testing.local_snowflake import PORT as SNOWFLAKE_PORT
from infra.testing.local_snowflake import LocalSnowflakeContainer
from infra.testing.object_store import PORT as STORE_PORT
from infra.testing.object_store import ObjectStoreContainer
from tests.stacks.application import Application


class ContainerTable(ProcessTable):
    """Starts the servers and Dagster as containers, which keep their data, and the other programs as processes."""

    def __init__(self, settings: LocalSettings, network: Network) -> None:
        super().__init__(settings.data_dir)
        self.postgres = PostgresContainer(network)
        self.kafka = KafkaContainer(network)
        self.kafka.publish(HOST_PORT, settings.kafka_port)
        self.store = ObjectStoreContainer(
            network,
            bucket=settings.bucket,
            access_key_id=settings.s3_access_key_id,
            secret_access_key=settings.s3_secret_access_key.get_secret_value(),
        )
        self.store.publish(STORE_PORT, settings.s3_port)
        self.snowflake = LocalSnowflakeContainer(
            network,
            self.store,
            user=settings.snowflake_user,
            password=settings.snowflake_password.get_secret_value(),
        )
        self.snowflake.publish(SNOWFLAKE_PORT, settings.snowflake_port)
        inside = self._environment(settings)
        code, webserver, daemon = (
            DagsterContainer(network, program, inside) for program in ("code-server", "webserver", "daemon")
        )
        webserver.publish(WEBSERVER_PORT, settings.dagster_port)
        self.containers: dict[str, ChainContainer] = {
            "kafka": self.kafka,
            "s3": self.store,
            "snowflake": self.snowflake,
            "postgres": self.postgres,
            "dagster-code": code,
            "dagster-webserver": webserver,
            "dagster-daemon": daemon,
        }

    def start(self, program: Program) -> Running:
        """Start a program; a server serves when this returns."""
        container = self.containers.get(program.name)
        if container is None:
            return super().start(program)
        if not container.lives():
            container.launch() if isinstance(container, DagsterContainer) else container.start()
        return self._running(program.name)

    def wait(self, program: Program, running: Running) -> None:
        """Wait until a program serves."""
        container = self.containers.get(program.name)
        if container is None:
            super().wait(program, running)
        elif isinstance(container, DagsterContainer):
            container.wait_until_ready()

    def find(self, name: str) -> Running | None:
        """Return a running program by its name; that of a container has no process."""
        if name not in self.containers:
            return super().find(name)
        return self._running(name) if self.containers[name].lives() else None

    def stop(self, name: str, *, limit_seconds: float = 20.0) -> None:
        """Stop a program: SIGTERM, then SIGKILL after the limit."""
        if name not in self.containers:
            super().stop(name, limit_seconds=limit_seconds)
        elif self.containers[name].lives():
            self.containers[name].get_wrapped_container().stop(timeout=round(limit_seconds))

    def remove(self) -> None:
        """Remove every container that was made."""
        for container in self.containers.values():
            if container._container:
                container.stop()

    def _environment(self, settings: LocalSettings) -> dict[str, str]:
        """Return the variables of Dagster's containers: those of the stack, with addresses as the network knows them.

        They do not reach the hosts of the metapipeline, which is a job of this machine.
        """
        own = {"HOURGLASS_DATA_DIR", "HOURGLASS_FLINK_HOME", "DAGSTER_HOME", *settings.ports, *settings.hosts()}
        return {name: value for name, value in settings.environment().items() if name not in own} | {
            "HOURGLASS_KAFKA_BOOTSTRAP_SERVERS": self.kafka.inside,
            "HOURGLASS_S3_ENDPOINT": self.store.inside,
            "HOURGLASS_SNOWFLAKE_HOST": self.snowflake.alias,
            "HOURGLASS_FLINK_REST": f"http://{settings.stream}-jobmanager:{REST_PORT}",
            "HOURGLASS_DAGSTER_EVENTS_FLINK_REST": f"http://dagster-events-jobmanager:{REST_PORT}",
            "HOURGLASS_DAGSTER_POSTGRES_URL": self.postgres.inside,
            "HOURGLASS_FAIL_ABANDONED_RUNS": "true",
            # of the output of runs, in AWS's own names
            "AWS_ENDPOINT_URL_S3": self.store.inside,
            "AWS_DEFAULT_REGION": settings.s3_region,
            "AWS_ACCESS_KEY_ID": settings.s3_access_key_id,
            "AWS_SECRET_ACCESS_KEY": settings.s3_secret_access_key.get_secret_value(),
        }

    @staticmethod
    def _running(name: str) -> Running:
        return Running(name, 0, 0.0, Path(f"docker logs of {name}"))


class ContainerJobs:
    """Landing jobs as application clusters of Flink.

    Args:
        network: of the chain.
        kafka: whose address the jobs get.
        store: the same.
    """

    def __init__(self, network: Network, kafka: KafkaContainer, store: ObjectStoreContainer) -> None:
        self._network = network
        self._places = {"kafka_bootstrap_servers": kafka.inside, "s3_endpoint": store.inside}
        self.applications: dict[str, Application] = {}

    def lives(self, job: LandingSettings) -> bool:
        """Return whether the JobManager runs."""
        return job.stream in self.applications and self.applications[job.stream].manager.lives()

    def start(self, job: LandingSettings, report: Report) -> None:
        """Start a new cluster, as on other machines, and wait until its job reads."""
        self.remove(job)
        settings = in_container(job.model_copy(update=self._places))
        application = self.applications[job.stream] = Application(self._network, settings, job.rest_port)
        try:
            application.start()
        except (ContainerEndedError, TimeoutError) as exc:
            raise StackError(f"{job.job_name}: {exc}\n{application.worker.tail()}") from exc
        report("the landing job reads")

    def stop(self, job: LandingSettings, report: Report, *, now: bool) -> None:
        """Stop the job, with a savepoint unless `now`, and remove its cluster."""
        if not now:
            stop_with_savepoint(job, report)
        self.remove(job)

    def kill(self, job: LandingSettings) -> None:
        """Kill both containers."""
        self.applications[job.stream].kill()

    def memory_bytes(self, job: LandingSettings) -> int:
        """Return 0: the engine counts the memory of containers."""
        del job
        return 0

    def remove(self, job: LandingSettings) -> None:
        """Remove the cluster of a job, if there is one."""
        if application := self.applications.pop(job.stream, None):
            application.remove()


class ContainerStack(Stack):
    """The local stack in containers.

    Args:
        settings: ports and folders.
        table: starts the programs.
        jobs: starts the landing jobs.
    """

    def __init__(self, settings: LocalSettings, table: ContainerTable, jobs: ContainerJobs) -> None:
        super().__init__(settings, print, table, jobs)
        self._postgres = table.postgres

    def _prepare_servers(self) -> None:
        """Write nothing: images have their own configuration."""

    def _prepare_dagster(self) -> list[Program]:
        """Start Postgres, where the tests read the instance, and make its tables before several programs do at once."""
        self._postgres.start()
        dagster.prepare(self.settings, {"postgres": {"postgres_url": self._postgres.url}})
        with DagsterInstance.get():
            return dagster.programs(self.settings)


@contextmanager
def container_stack(settings: LocalSettings) -> Iterator[Stack]:
    """Start the whole stack; nothing of it is left afterwards, also after a failure."""
    with Network() as network:
        table = ContainerTable(settings, network)
        jobs = ContainerJobs(network, table.kafka, table.store)
        stack = ContainerStack(settings, table, jobs)
        try:
            stack.up()
            yield stack
        finally:
            stack.down(now=True)
            for job in stack.jobs:
                jobs.remove(job)
            table.remove()
