"""A broker with more listeners than the plain one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from infra.local.ports import free_ports
from infra.local.settings import LOOPBACK
from tests.stacks.processes import ProcessServers
from tests.stacks.seam import Server


class ServersWithListeners(ProcessServers):
    """Like `ProcessServers`; subclasses say how clients log in to the further listeners.

    Args:
        folder: of the servers.
        protocols: of the further listeners, by their names.
    """

    def __init__(self, folder: Path, protocols: Mapping[str, str]) -> None:
        super().__init__(folder)
        self._protocols = protocols
        ports = free_ports(len(protocols))
        self._listening = {name: f"{LOOPBACK}:{port}" for name, port in zip(protocols, ports, strict=True)}

    def start(self, *servers: Server) -> None:
        """Add the listeners before the broker starts."""
        config = self.settings.data_dir / "kafka" / "server.properties"
        if next(iter(self._protocols)) not in config.read_text():
            with config.open("a") as file:
                file.writelines(f"{name}={escaped(value)}\n" for name, value in self._properties().items())
        super().start(*servers)

    def _properties(self) -> dict[str, str]:
        plain = f"PLAINTEXT://{LOOPBACK}:{self.settings.kafka_port}"
        ours = [f"{name}://{address}" for name, address in self._listening.items()]
        protocols = [f"{name}:{protocol}" for name, protocol in self._protocols.items()]
        return {
            "listeners": ",".join([plain, *ours, f"CONTROLLER://{LOOPBACK}:{self.settings.kafka_controller_port}"]),
            "advertised.listeners": ",".join([plain, *ours]),
            "listener.security.protocol.map": ",".join(["CONTROLLER:PLAINTEXT", "PLAINTEXT:PLAINTEXT", *protocols]),
        }


def escaped(value: str) -> str:
    """Return a value as a file of properties takes it."""
    return value.replace("\\", "\\\\")
