"""The landing job of a stream in containers: whole in one, or as an application cluster of Flink."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import SecretStr
from testcontainers.core.network import Network

from flink_jobs.errors import LandingJobError
from flink_jobs.flink.rest import FlinkRest, JobState
from flink_jobs.settings import LandingSettings
from infra.testing.container import READY_SECONDS_MAX, ChainContainer
from infra.testing.images import Images
from infra.testing.kafka import KafkaContainer
from infra.testing.object_store import REGION, ObjectStoreContainer
from infra.testing.owned_files import OwnedFile

REST_PORT = 8081
ENV_FILE = "/opt/flink/.env"
"""Settings are read from it: unlike the variables of a container, it is shown by no `docker inspect`."""
FLINK_UID = 9999
"""Of the user of the image, which alone can read what a job is given."""


class LandingJobContainer(ChainContainer):
    """A whole landing job: Flink and its Python driver in one container, from the newest restore point on.

    Args:
        network: of the chain.
        settings: of the job, with addresses as the network knows them; see `job_settings`.
        alias: its host name.
        files: that the settings name, such as certificates; they get the same path in the container.
        image: default: `HOURGLASS_LANDING_JOB_IMAGE`.
    """

    command: tuple[str, ...] = ("hourglass", "job", "start", "--wait")

    def __init__(
        self,
        network: Network,
        settings: LandingSettings,
        *,
        alias: str | None = None,
        files: Iterable[Path] = (),
        image: str | None = None,
    ) -> None:
        super().__init__(image or Images().landing_job_image, alias or settings.stream, network, [REST_PORT])
        self.settings = settings
        self.with_command(list(self.command))
        self.with_owned_file(owned_settings(settings))
        for file in files:
            self.with_owned_file(OwnedFile(str(file.absolute()), file.read_bytes(), FLINK_UID))

    @classmethod
    def of(
        cls, network: Network, kafka: KafkaContainer, store: ObjectStoreContainer, stream: str, **changes: Any
    ) -> Self:
        """Make the job of a stream between a broker and an object store; `changes` are fields of `LandingSettings`."""
        return cls(network, job_settings(kafka, store, stream, **changes))

    @property
    def rest(self) -> str:
        """The address of Flink's REST interface for this machine."""
        return f"http://{self.address(REST_PORT)}"

    def is_ready(self) -> bool:
        """Return whether every task of the job runs."""
        try:
            job = FlinkRest(self.rest).find_job(self.settings.job_name)
        except LandingJobError:
            return False
        return job is not None and job.state is JobState.RUNNING and job.tasks_running


class JobManagerContainer(LandingJobContainer):
    """The JobManager of an application cluster: it runs the driver, and needs a `TaskManagerContainer` beside it."""

    command = ("standalone-job",)

    def start(self) -> Self:
        """Start it; its job runs when the TaskManager is there, so nothing is waited for."""
        self.launch()
        return self

    def start_again(self) -> None:
        """Start it after a kill; see `start`."""
        self.launch()


class TaskManagerContainer(ChainContainer):
    """A TaskManager of an application cluster, with as many slots as its job has subtasks.

    Args:
        manager: whose cluster it joins.
        network: of the chain.
        number: of the TaskManager.
    """

    def __init__(self, manager: JobManagerContainer, network: Network, number: int = 1) -> None:
        slots = f"taskmanager.numberOfTaskSlots: {manager.settings.parallelism}"
        variables = {"JOB_MANAGER_RPC_ADDRESS": manager.alias, "FLINK_PROPERTIES": slots}
        super().__init__(manager.image, f"{manager.alias}-worker-{number}", network, [], variables)
        self.with_command(["taskmanager"])
        self.with_owned_file(owned_settings(manager.settings))

    def is_ready(self) -> bool:
        """Return whether it runs; its job may still be starting."""
        return self.lives()


def job_settings(kafka: KafkaContainer, store: ObjectStoreContainer, stream: str, **changes: Any) -> LandingSettings:
    """Return the settings of a job between these servers, with a checkpoint each second; the topic has its name."""
    values: dict[str, Any] = {
        "stream": stream,
        "topic": stream,
        "kafka_bootstrap_servers": kafka.inside,
        "bucket": store.bucket,
        "s3_endpoint": store.inside,
        "s3_region": REGION,
        "s3_access_key_id": store.access_key_id,
        "s3_secret_access_key": SecretStr(store.secret_access_key),
        "checkpoint_seconds": 1,
    }
    return in_container(LandingSettings(**values | changes))


def in_container(settings: LandingSettings) -> LandingSettings:
    """Replace what is otherwise in a container: folders, the interface that Flink serves on, the limit of a start."""
    return settings.model_copy(
        update={
            "flink_rest": f"http://127.0.0.1:{REST_PORT}",
            "flink_rest_bind": "0.0.0.0",  # noqa: S104 - the engine publishes the port
            "data_dir": Path("/var/lib/hourglass"),
            "flink_home": Path("/opt/flink"),
            "start_limit_seconds": READY_SECONDS_MAX,
        }
    )


def owned_settings(settings: LandingSettings) -> OwnedFile:
    """Return the file of settings of a container."""
    return OwnedFile(ENV_FILE, env_file(settings).encode(), FLINK_UID)


def env_file(settings: LandingSettings) -> str:
    """Return the settings as lines of a `.env` file, secrets included."""
    values: Mapping[str, object] = {
        name: value for name in type(settings).model_fields if (value := getattr(settings, name)) is not None
    }
    secrets = {name: value.get_secret_value() for name, value in values.items() if isinstance(value, SecretStr)}
    plain = {"s3_access_key_id": settings.s3_access_key_id} if settings.s3_access_key_id else {}
    ours = {f"HOURGLASS_{name.upper()}": value for name, value in (plain | secrets).items()}
    lines = {"DOLLAR": "$"} | settings.job_environment() | ours
    return "".join(f"{name}={_quoted(value)}\n" for name, value in lines.items())


def _quoted(value: str) -> str:
    """Quote a value; `${` would be taken for the beginning of a variable, and has no other escape than one."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("${", "${DOLLAR}{")
    return f"'{escaped}'"
