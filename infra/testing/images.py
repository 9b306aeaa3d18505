"""The images of the containers: a setting each, and where the one that is used comes from."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import docker
from docker.errors import ImageNotFound
from pydantic_settings import BaseSettings, SettingsConfigDict

EQUIVALENT_LABEL = "local-equivalent"
OURS = "hourglass/"


class Images(BaseSettings):
    """Names of the images, `HOURGLASS_KAFKA_IMAGE` and so on; an image that is present is used without a pull."""

    model_config = SettingsConfigDict(env_prefix="HOURGLASS_", env_ignore_empty=True, extra="ignore", frozen=True)

    kafka_image: str = "apache/kafka:4.2.0"
    object_store_image: str = "hourglass/object-store:latest"
    landing_job_image: str = "hourglass/landing-job:latest"
    local_snowflake_image: str = "hourglass/local-snowflake:latest"
    postgres_image: str = "postgres:15-bookworm"
    dagster_image: str = "hourglass/dagster:latest"

    def origins(self, client: docker.DockerClient) -> Iterator[tuple[str, Origin]]:
        """Yield each image and where it comes from."""
        for image in self.model_dump().values():
            yield image, origin(client, image)


class Origin(StrEnum):
    """Where an image of this machine comes from."""

    OFFICIAL = "official"
    """Pulled under its name, as far as its labels tell."""
    EQUIVALENT = "local equivalent"
    """Made by `infra/docker/bootstrap` under the official name."""
    OURS = "ours"
    """Built from a checkout of this project."""
    ABSENT = "absent"


def origin(client: docker.DockerClient, image: str) -> Origin:
    """Return where an image comes from; an absent one is pulled at its first use."""
    try:
        labels = client.images.get(image).labels
    except ImageNotFound:
        return Origin.ABSENT
    if image.startswith(OURS):  # it has the label of the base image that it was built on
        return Origin.OURS
    return Origin.EQUIVALENT if EQUIVALENT_LABEL in labels else Origin.OFFICIAL
