"""A schema of the local Snowflake with the stage, the file formats and the integrations that random documents name."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from snowflake_components.connection import SnowflakeSettings, open_session
from tests.fakes.local_snowflake import PASSWORD, Server
from tests.fakes.planned_account import SETUP, Account

_schemas = count()


@pytest.fixture(scope="module")
def account(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """A schema with what random documents name."""
    schema = f"RANDOM_{next(_schemas)}"
    settings = SnowflakeSettings(user="hourglass", password=PASSWORD, port=server.port, schema_name=schema)
    with open_session(settings) as session:
        for sql in (f"CREATE SCHEMA {schema}", f"USE SCHEMA {schema}", *SETUP):
            session.execute(sql)
        yield Account(session, schema, tmp_path_factory.mktemp("documents"))
