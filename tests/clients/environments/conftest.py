"""What every client needs: the login of the local Snowflake, and a schema of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import snowflake.connector


@pytest.fixture(scope="session")
def login() -> dict[str, Any]:
    """The arguments of the connector, with an empty schema."""
    given: dict[str, Any] = json.loads(os.environ["HOURGLASS_TEST_LOGIN"])
    given |= {"schema": f"CLIENT_{uuid4().hex[:8].upper()}", "login_timeout": 60, "network_timeout": 120}
    with snowflake.connector.connect(**given | {"schema": None}) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA AWS.{given['schema']}")
    return given


@pytest.fixture
def connection(login: dict[str, Any]) -> Iterator[Any]:
    """A session of the connector."""
    with snowflake.connector.connect(**login) as opened:
        yield opened


@pytest.fixture
def cursor(connection: Any) -> Iterator[Any]:
    """A cursor of that session."""
    with connection.cursor() as opened:
        yield opened
