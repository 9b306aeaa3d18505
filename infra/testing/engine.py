"""The Docker engine: whether one answers, and at which host this machine reaches what it publishes."""

from __future__ import annotations

import socket

import docker
from docker.errors import DockerException
from testcontainers.core.config import ConnectionMode, testcontainers_config
from testcontainers.core.docker_client import DockerClient

from infra.local.settings import LOOPBACK
from infra.testing.images import Images, Origin, origin

LOCALHOST = {"localhost": LOOPBACK}
"""A name that may mean an IPv6 address, which not every engine publishes at."""


class NoEngineError(Exception):
    """No Docker engine answers."""


def engine() -> docker.DockerClient:
    """Return a client of the engine.

    Raises:
        NoEngineError: none answers.
    """
    try:
        client = docker.from_env()
        client.ping()
    except DockerException as exc:
        raise NoEngineError(f"no Docker engine answers: start one, or infra/docker/bootstrap ({exc})") from exc
    return client


def without_absent_reaper(client: docker.DockerClient) -> None:
    """Switch off the container of testcontainers that removes leftovers, where its image cannot be had.

    That is assumed where Kafka's image is a local equivalent: no registry could be reached. The containers are then
    removed by their context managers alone.
    """
    absent = origin(client, testcontainers_config.ryuk_image) is Origin.ABSENT
    if absent and origin(client, Images().kafka_image) is Origin.EQUIVALENT:
        testcontainers_config.ryuk_disabled = True


def published_host() -> str:
    """Return the host at which this machine reaches published ports: its own, or the engine's where that is another.

    Within a container it is the gateway of the engine's bridge, unless the engine runs in the same container.
    """
    client = DockerClient()
    if client.get_connection_mode() is ConnectionMode.docker_host:
        return LOCALHOST.get(client.host(), client.host())
    [config] = client.client.networks.get("bridge").attrs["IPAM"]["Config"]
    gateway: str = config["Gateway"]
    return LOOPBACK if _is_own_address(gateway) else gateway


def _is_own_address(host: str) -> bool:
    """Return whether an address is one of this machine, and the engine so runs on it."""
    with socket.socket() as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
        return True
