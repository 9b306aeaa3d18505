"""A broker in a container, with the listeners on which every client must log in or show a certificate.

Each of them is there twice, because a listener has one address: for the test itself, and for the containers of jobs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from testcontainers.core.network import Network

from infra.local.ports import free_ports
from infra.testing.kafka import KafkaContainer
from tests.faults.secure_broker import MECHANISMS, Certificates, Listener, create_user, listener_settings, protocol_of
from tests.stacks.containers import ContainerServers

PORTS = {Listener.LOGIN: 9192, Listener.ELSEWHERE: 9292, Listener.CERTIFIED: 9392}
"""Of the listeners for the test; those for containers have the next ones."""
LISTED = ("listeners", "advertised.listeners", "listener.security.protocol.map")


class SecureKafkaContainer(KafkaContainer):
    """A broker with the further listeners.

    Args:
        network: of the chain.
        made: the certificates of each listener.
    """

    def __init__(self, network: Network, made: Mapping[Listener, Certificates]) -> None:
        super().__init__(network)
        self._made = made
        for inside, outside in zip(PORTS.values(), free_ports(len(PORTS)), strict=True):
            self.publish(inside, outside)
        for file in {file for one in made.values() for file in (one.store, one.authority)}:
            self.with_copy_into_container(file, str(file.absolute()), 0o444)

    def properties(self) -> dict[str, str]:
        """Return the settings of the broker, with those of the listeners."""
        settings = super().properties() | {"sasl.enabled.mechanisms": MECHANISMS}
        for listener, port in PORTS.items():
            for name, inside, address in (
                (str(listener), port, self.address(port)),
                (f"{listener}INSIDE", port + 1, f"{self.alias}:{port + 1}"),
            ):
                further = (f"{name}://:{inside}", f"{name}://{address}", f"{name}:{protocol_of(listener)}")
                settings |= {key: f"{settings[key]},{value}" for key, value in zip(LISTED, further, strict=True)}
                settings |= listener_settings(name, listener, self._made[listener])
        return settings


class SecureContainerServers(ContainerServers):
    """Like `ContainerServers`; the broker has the further listeners.

    Args:
        folder: of what the test itself writes.
        made: the certificates that the broker presents and trusts.
        elsewhere: those of the listener `ELSEWHERE`.
    """

    def __init__(self, folder: Path, made: Certificates, elsewhere: Certificates) -> None:
        self._made = {Listener.LOGIN: made, Listener.ELSEWHERE: elsewhere, Listener.CERTIFIED: made}
        super().__init__(folder)
        self.addresses: Mapping[Listener, str] = {
            listener: self.kafka.address(port) for listener, port in PORTS.items()
        }

    def __enter__(self) -> Self:
        """Start both, and create the user."""
        super().__enter__()
        create_user(self.kafka.bootstrap_servers)
        return self

    def new_kafka(self) -> KafkaContainer:
        """Make the broker."""
        return SecureKafkaContainer(self.network, self._made)

    def inside(self, address: str) -> str:
        """Return `host:port` of a listener as containers know it."""
        ports = {self.kafka.address(port): f"{self.kafka.alias}:{port + 1}" for port in PORTS.values()}
        return ports.get(address) or super().inside(address)
