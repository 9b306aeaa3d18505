"""Where an image comes from, by its name and its label."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from docker.errors import ImageNotFound

from infra.testing.images import Images, Origin, origin


class Engine:
    """An engine with some images, each with its labels."""

    def __init__(self, **labels: dict[str, str]) -> None:
        self._labels = labels
        self.images = self

    def get(self, name: str) -> SimpleNamespace:
        """Return an image."""
        found = self._labels.get(name.partition(":")[0].replace("/", "_"))
        if found is None:
            raise ImageNotFound(name)
        return SimpleNamespace(labels=found)


EQUIVALENT = {"local-equivalent": "1"}


@pytest.mark.parametrize(
    ("engine", "image", "expected"),
    [
        (Engine(apache_kafka={}), "apache/kafka:4.2.0", Origin.OFFICIAL),
        (Engine(apache_kafka=EQUIVALENT), "apache/kafka:4.2.0", Origin.EQUIVALENT),
        (Engine(hourglass_dagster=EQUIVALENT), "hourglass/dagster:latest", Origin.OURS),
        (Engine(), "apache/kafka:4.2.0", Origin.ABSENT),
    ],
)
def test_an_image_is_official_equivalent_ours_or_absent(engine: Engine, image: str, expected: Origin) -> None:
    """Ours may be built on an equivalent of a base image, whose label it has."""
    assert expected == origin(engine, image)


def test_an_image_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOURGLASS_KAFKA_IMAGE", "registry.test/kafka:1")

    assert "registry.test/kafka:1" == Images().kafka_image
