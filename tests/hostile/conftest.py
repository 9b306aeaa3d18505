"""One broker and one S3 server for all tests with hostile records; each has a topic of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.quick_java import quick_java
from tests.stacks.processes import ProcessServers
from tests.stacks.seam import Servers


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.name in {"test_through_the_job.py", "test_refusing_broker.py"}:
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session", autouse=True)
def quick() -> Iterator[None]:
    with quick_java():
        yield


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with ProcessServers(tmp_path_factory.mktemp("servers")) as running:
        yield running
