"""What the containers of the chain have in common: an alias, ports that a restart keeps, and the ways to die."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from secrets import token_hex
from typing import Self

from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient
from testcontainers.core.network import Network

from infra.local.ports import free_ports
from infra.testing.engine import engine, published_host, without_absent_reaper
from infra.testing.owned_files import OwnedFile, OwningClient

READY_SECONDS_MAX = 600.0
"""For a machine that starts everything at once; a container that ends is not waited for."""
QUICK_JAVA = {"JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
"""The second compiler and a parallel collector pay off after minutes only."""
POLL_SECONDS = 0.3
LOG_TAIL_LINES = 30


class ContainerEndedError(Exception):
    """A container ended while it started; the message has the end of what it printed."""


class ChainContainer(DockerContainer):
    """A container of the chain.

    Subclasses define `is_ready`. Ports of this machine are chosen once, so a container that is killed and started again
    keeps its addresses.

    Args:
        image: its name.
        alias: its host name in its network.
        network: of the chain.
        ports: inside of the container.
        environment: variables beside `QUICK_JAVA`.
    """

    ready_seconds_max = READY_SECONDS_MAX

    def __init__(
        self,
        image: str,
        alias: str,
        network: Network,
        ports: Sequence[int],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        without_absent_reaper(engine())
        self._client = OwningClient()
        super().__init__(image, name=f"hourglass-test-{alias}-{token_hex(4)}", env=QUICK_JAVA | dict(environment or {}))
        self.alias = alias
        self.host = published_host()
        self.published: dict[int, int] = {}
        for inside, outside in zip(ports, free_ports(len(ports)), strict=True):
            self.publish(inside, outside)
        self.with_network(network).with_network_aliases(alias).with_kwargs(hostname=alias)

    def get_docker_client(self) -> DockerClient:
        """Return the client that starts it with its own files."""
        return self._client

    def with_owned_file(self, file: OwnedFile) -> Self:
        """Put a file into it before it starts, for its own user alone."""
        self._client.files.append(file)
        return self

    def start(self) -> Self:
        """Create and start it, and wait until it serves."""
        self.launch()
        self.wait_until_ready()
        return self

    def launch(self) -> None:
        """Create and start it, or start it with its files after a kill or a stop; nothing is waited for."""
        if self._container is None:
            super().start()
        else:
            self._container.start()

    def is_ready(self) -> bool:
        """Return whether it serves; called many times."""
        raise NotImplementedError

    def publish(self, inside: int, outside: int) -> None:
        """Choose the port of this machine for one of its own, before it starts."""
        self.published[inside] = outside
        self.with_bind_ports(inside, outside)

    def address(self, port: int) -> str:
        """Return `host:port` of a port, as this machine reaches it."""
        return f"{self.host}:{self.published[port]}"

    def lives(self) -> bool:
        """Return whether it runs, is paused, or is started again by its restart policy."""
        container = self._container
        if container is None:
            return False
        container.reload()
        return container.status in {"running", "paused", "restarting"}

    def kill(self) -> None:
        """Kill -9 every process of it; its files stay."""
        self.get_wrapped_container().kill()
        self.get_wrapped_container().wait()

    def start_again(self) -> None:
        """Start it after a kill or a stop, with its files, and wait until it serves."""
        self.launch()
        self.wait_until_ready()

    def restart(self) -> None:
        """Restart it as `docker restart` does: SIGTERM, and after ten seconds SIGKILL."""
        self.get_wrapped_container().restart()
        self.wait_until_ready()

    def pause(self) -> None:
        """Freeze every process: its port accepts connections, but no request is answered."""
        self.get_wrapped_container().pause()

    def resume(self) -> None:
        """Thaw it; one that is not paused stays as it is."""
        container = self.get_wrapped_container()
        container.reload()
        if container.status == "paused":
            container.unpause()

    def join(self, network: Network) -> None:
        """Connect it to a further network, under its alias."""
        network.connect(self.get_container_id(), [self.alias])

    def leave(self, network: Network) -> None:
        """Cut it off from a network, as `docker network disconnect` does."""
        engine().networks.get(network.name).disconnect(self.get_container_id())

    def tail(self, lines: int = LOG_TAIL_LINES) -> str:
        """Return the end of what it printed."""
        printed: bytes = self.get_wrapped_container().logs(tail=lines)
        return printed.decode(errors="replace")

    def wait_until_ready(self) -> None:
        """Wait until it serves.

        Raises:
            ContainerEndedError: it ended.
            TimeoutError: it does not serve in time.
        """
        deadline = time.monotonic() + self.ready_seconds_max
        while not self.is_ready():
            if not self.lives():
                raise ContainerEndedError(f"{self.alias} ended while it started:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.alias} does not serve:\n{self.tail()}")
            time.sleep(POLL_SECONDS)
