"""Servers and an application cluster in containers, for the tests that end or cut off one of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stacks.application import ApplicationServers

pytest.register_assert_rewrite("tests.faults.verdict")  # pytest then shows its comparisons like those of a test


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApplicationServers]:
    with ApplicationServers(tmp_path_factory.mktemp("servers")) as running:
        yield running
