"""What all unit tests share: one local Snowflake for each process, and the settings of property tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.fakes.local_snowflake import Server, serve

# property tests judge answers, never how long a busy machine takes for them
settings.register_profile("untimed", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def _only_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("local_snowflake")) as serving:
        yield serving


@pytest.fixture(scope="module")
def server(_only_server: Server) -> Server:
    """The local Snowflake of this process, with an empty bucket; each test makes a schema of its own."""
    _only_server.bucket.clear()
    return _only_server
