"""compose.yaml names the images of infra/docker, its variables and its order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.local.settings import PORT_FIELDS, LocalSettings

PROJECT = Path(__file__).resolve().parents[4]
COMPOSE = PROJECT / "compose.yaml"
OFFICIAL = {"KAFKA_IMAGE", "POSTGRES_IMAGE"}


@pytest.fixture(name="services")
def _services() -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
    return services


def test_every_image_is_one_that_the_bootstrap_makes(services: dict[str, dict[str, Any]]) -> None:
    """Each is set by a variable, and its default has a folder, or is the bootstrap's default of that variable."""
    bootstrap = (PROJECT / "infra" / "docker" / "bootstrap").read_text()
    for name, service in services.items():
        image = re.fullmatch(r"\$\{(\w+_IMAGE):-(.+)\}", service["image"])
        assert image, name
        if image[1] in OFFICIAL:
            assert service["image"] in bootstrap
        else:
            folder = image[2].removeprefix("hourglass/")
            assert (PROJECT / "infra" / "docker" / folder / "Dockerfile").exists()
            assert f"{folder.replace('-', '_').upper()}_IMAGE" == image[1]


def test_every_port_of_the_host_is_at_the_loopback_address_and_set_by_its_variable(
    services: dict[str, dict[str, Any]],
) -> None:
    """The passwords of the file are public; the defaults of the ports are those of the local stack."""
    published = [port for service in services.values() for port in service.get("ports", [])]
    defaults = {f"HOURGLASS_{name.upper()}": str(LocalSettings.model_fields[name].default) for name in PORT_FIELDS}
    for port in published:
        found = re.fullmatch(r"127\.0\.0\.1:\$\{(\w+):-(\d+)\}:\d+", port)
        assert found, port
        assert defaults[found[1]] == found[2]
    assert len(published) == len({port.split("{")[1] for port in published}) == 6


def test_a_landing_job_stops_before_what_its_savepoint_needs(services: dict[str, dict[str, Any]]) -> None:
    """Compose stops a service before those that it depends on: the TaskManager, and by the set-up broker and bucket."""
    for name, service in services.items():
        if service.get("command") == ["standalone-job"]:
            task_manager = name.replace("jobmanager", "taskmanager")
            assert task_manager in service["depends_on"]
            assert "true" == service["environment"]["HOURGLASS_STOP_WITH_SAVEPOINT"]
            assert "setup" in services[task_manager]["depends_on"]
    assert {"kafka", "s3", "snowflake", "postgres"} == set(services["setup"]["depends_on"])


def test_data_lies_on_volumes(services: dict[str, dict[str, Any]]) -> None:
    """What `docker compose down` must not lose."""
    mounted = {name: service["volumes"] for name, service in services.items() if "volumes" in service}
    declared = yaml.safe_load(COMPOSE.read_text())["volumes"]
    assert {"kafka", "s3", "snowflake", "postgres", "relay"} <= set(mounted)
    assert set(declared) == {volume.split(":")[0] for volumes in mounted.values() for volume in volumes}
