from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from snowflake import connector

from tests.fakes.local_snowflake import FOREIGN_WARNING, FolderBucket, Server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.filterwarnings(FOREIGN_WARNING))


@dataclass(frozen=True)
class Client:
    """A session in its own schema."""

    connection: Any
    server: Server
    schema: str

    @property
    def bucket(self) -> FolderBucket:
        """The bucket of the server."""
        return self.server.bucket

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Send a statement; return its rows by lower-case column name."""
        with self.connection.cursor(connector.DictCursor) as cursor:
            cursor.execute(sql)
            return [{name.lower(): value for name, value in row.items()} for row in cursor.fetchall()]

    def values(self, sql: str) -> list[Any]:
        """Send a statement; return the first column of its rows."""
        return [next(iter(row.values())) for row in self.rows(sql)]

    def refused(self, sql: str) -> tuple[int, str]:
        """Send a statement that must be refused; return its error number and SQL state."""
        with pytest.raises(connector.Error) as caught:
            self.rows(sql)
        assert caught.value.errno is not None
        return caught.value.errno, str(caught.value.sqlstate)

    def another(self) -> Client:
        """Open a second session in the same schema."""
        return Client(self.server.connect(schema=self.schema), self.server, self.schema)


@pytest.fixture(scope="session", autouse=True)
def _offline() -> Iterator[None]:
    """Keep the connector from querying the metadata servers of three clouds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true")
        yield


_schemas = count()


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    schema = f"S{next(_schemas)}"
    with closing(server.connect()) as connection:
        found = Client(connection, server, schema)
        found.rows(f"CREATE SCHEMA {schema}")
        yield found
        with suppress(connector.Error):
            found.rows(f"DROP SCHEMA {schema}")
