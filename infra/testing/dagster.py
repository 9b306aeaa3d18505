"""Dagster in containers: the storage of its instance in Postgres, a code server, a webserver and a daemon."""

from __future__ import annotations

from collections.abc import Mapping

from testcontainers.core.network import Network

from infra.testing.container import ChainContainer
from infra.testing.images import Images

POSTGRES_PORT, WEBSERVER_PORT = 5432, 3000
CODE_SERVER = "dagster-code"
HEALTHY = "/opt/hourglass/healthy"


class PostgresContainer(ChainContainer):
    """A Postgres with a database for Dagster's instance; `url` is its address for this machine, `inside` for others.

    Args:
        network: of the chain.
        alias: its host name there.
        password: of its user, `dagster`.
        image: default: `HOURGLASS_POSTGRES_IMAGE`.
    """

    def __init__(
        self,
        network: Network,
        alias: str = "postgres",
        *,
        password: str = "dagster",  # noqa: S107 - of a server that lives as long as a test
        image: str | None = None,
    ) -> None:
        variables = {"POSTGRES_USER": "dagster", "POSTGRES_PASSWORD": password}
        super().__init__(image or Images().postgres_image, alias, network, [POSTGRES_PORT], variables)
        self.password = password

    @property
    def url(self) -> str:
        """The address of the database for this machine, as SQLAlchemy takes it."""
        return self._url(self.address(POSTGRES_PORT))

    @property
    def inside(self) -> str:
        """The same for containers of the network."""
        return self._url(f"{self.alias}:{POSTGRES_PORT}")

    def is_ready(self) -> bool:
        """Return whether it takes connections from other machines; while it initialises its files it does not."""
        command = ["pg_isready", "--quiet", "--host", "127.0.0.1", "--username", "dagster"]
        return succeeds(self, command)

    def _url(self, address: str) -> str:
        return f"postgresql+psycopg2://dagster:{self.password}@{address}/dagster"


class DagsterContainer(ChainContainer):
    """One of the programs of Dagster, with the code location of the checkout that its image was built from.

    Args:
        network: of the chain.
        program: `code-server`, `webserver` or `daemon`; the two others find the code server by its alias.
        environment: the variables of the chain, with addresses as the network knows them, and
            `HOURGLASS_DAGSTER_POSTGRES_URL`.
        image: default: `HOURGLASS_DAGSTER_IMAGE`.
    """

    def __init__(
        self, network: Network, program: str, environment: Mapping[str, str], image: str | None = None
    ) -> None:
        alias = CODE_SERVER if program == "code-server" else f"dagster-{program}"
        ports = [WEBSERVER_PORT] if program == "webserver" else []
        super().__init__(image or Images().dagster_image, alias, network, ports, environment)
        self.with_envs(HOURGLASS_CODE_SERVER_HOST=CODE_SERVER).with_command([program])
        self.with_kwargs(hostname=alias, restart_policy={"Name": "on-failure"})  # it ends where its storage is away

    def is_ready(self) -> bool:
        """Return whether it serves, as the health check of its image says."""
        return succeeds(self, [HEALTHY])


def succeeds(container: ChainContainer, command: list[str]) -> bool:
    """Return whether a command in a container ends with exit code 0; False where the container does not run."""
    return container.lives() and container.exec(command).exit_code == 0
