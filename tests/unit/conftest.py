"""What all unit tests share: schemas of the local Snowflake, and the settings of property tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, settings

from snowflake_components.connection import SnowflakeSettings, query
from tests.fakes.local_snowflake import PASSWORD, Server

# property tests judge answers, never how long a busy machine takes for them
settings.register_profile(
    "untimed", settings(), max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("untimed"), max_examples=500)  # of `make test-long`
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def _own_environment() -> Iterator[None]:
    """Restore the environment after a test: a command of ours sets that of the stack for its whole process."""
    before = dict(os.environ)
    yield
    if os.environ != before:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="module")
def server(only_server: Server) -> Server:
    """The local Snowflake of this process, with an empty bucket; each test makes a schema of its own."""
    only_server.bucket.replace_all({})
    return only_server


_schemas = count()


@pytest.fixture
def own_schema(server: Server, monkeypatch: pytest.MonkeyPatch) -> SnowflakeSettings:
    """A new schema of the local Snowflake, in the environment, too; the settings log in to it."""
    schema = f"OWN_{next(_schemas)}"
    monkeypatch.setenv("HOURGLASS_SNOWFLAKE_SCHEMA", schema)
    settings = SnowflakeSettings(user="hourglass", password=PASSWORD, port=server.port, schema_name=schema)
    query(settings, f"CREATE SCHEMA {schema}")
    return settings
