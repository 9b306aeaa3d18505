"""One broker and one S3 server for all fault tests; each test has a stream, a topic and a job of its own."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from random import SystemRandom
from typing import Any

import pytest

from tests.faults.class_archive import Archives
from tests.faults.landing_stack import LandingStack
from tests.faults.quick_java import quick_java
from tests.stacks.option import on_containers, servers_of
from tests.stacks.seam import Server, Servers

pytest.register_assert_rewrite("tests.faults.verdict")  # pytest then shows its comparisons like those of a test

NewStack = Callable[..., LandingStack]
LONGEST_FIRST = ("test_cluster", "test_random_faults", "test_restore_points", "test_crash_points", "test_upkeep")
"""The files that take minutes; a worker that began one of them last would work alone at the end."""


def pytest_configure() -> None:
    """Choose the seed once for all worker processes."""
    os.environ.setdefault("HOURGLASS_FAULT_SEED", str(SystemRandom().randrange(10**6)))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.integration)
    rank = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


@pytest.fixture(scope="session")
def all_servers(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with quick_java(), servers_of(pytestconfig)(tmp_path_factory.mktemp("servers")) as servers:
        yield servers


@pytest.fixture(scope="session", autouse=True)
def quick_jobs(pytestconfig: pytest.Config, all_servers: Servers) -> Iterator[None]:
    if on_containers(pytestconfig):
        yield  # the image has its own Java
        return
    archives = Archives.of(all_servers.settings.runtime_dir)
    archives.make(all_servers)
    with archives.used():
        yield


@pytest.fixture
def servers(all_servers: Servers) -> Servers:
    """Start the servers that the previous test has killed."""
    all_servers.start(*Server)
    return all_servers


@pytest.fixture
def new_stack(servers: Servers, request: pytest.FixtureRequest) -> Iterator[NewStack]:
    """Make landing stacks: `new_stack(parallelism=2)`. Each has a stream named after the test; all end with it."""
    with ExitStack() as stacks:
        made = 0

        def make(**changes: Any) -> LandingStack:
            nonlocal made
            made += 1
            name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:50].strip("-")
            return stacks.enter_context(LandingStack(servers, f"{name}-{made}", **changes))

        yield make
        for server in Server:
            if servers.lives(server):
                servers.resume(server)
