from __future__ import annotations

import gzip
import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
import uvicorn
import zstandard
from snowflake import connector

from infra.local_snowflake.bucket import ObjectVanishedError, StoredObject
from infra.local_snowflake.errors import StorageRefusedError
from infra.local_snowflake.settings import LocalSnowflakeSettings

NOW = datetime(2025, 8, 1, 12, tzinfo=UTC)
PASSWORD = "correct-horse"


FOREIGN_WARNING = "ignore:Arrow output on a DB-API result"
"""A warning of fakesnow in the thread of the server; the tests cannot avoid it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.filterwarnings(FOREIGN_WARNING))


@dataclass
class FolderBucket:
    """Buckets as folders; a file's ETag is the hash of its bytes."""

    folder: Path

    def list(self, bucket: str, prefix: str) -> Iterator[StoredObject]:
        """List files by key."""
        root = self.folder / bucket
        if not root.is_dir():
            raise StorageRefusedError(f"no bucket {bucket}")
        for path in sorted(root.rglob("*")):
            key = path.relative_to(root).as_posix()
            if path.is_file() and key.startswith(prefix):
                data = path.read_bytes()
                yield StoredObject(key, len(data), hashlib.md5(data).hexdigest(), NOW)  # noqa: S324 - as S3 does

    def download(self, bucket: str, stored: StoredObject, target: Path) -> None:
        """Copy a file."""
        try:
            copyfile(self.folder / bucket / stored.key, target)
        except FileNotFoundError as exc:
            raise ObjectVanishedError(stored.key) from exc

    def write(self, key: str, *events: object) -> None:
        """Write one line per event, or a text unchanged, compressed by the suffix of the key."""
        lines = "".join(event if isinstance(event, str) else json.dumps(event) + "\n" for event in events).encode()
        path = self.folder / "hourglass" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        pack: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".zst": zstandard.compress}
        path.write_bytes(pack.get(path.suffix, bytes)(lines))

    def remove(self, key: str) -> None:
        """Delete a file."""
        (self.folder / "hourglass" / key).unlink()


@dataclass(frozen=True)
class Server:
    """A running server and its bucket."""

    port: int
    bucket: FolderBucket

    def connect(self, **changed: Any) -> Any:
        """Log in; arguments replace the user, the password or the database."""
        wanted = {"user": "hourglass", "password": PASSWORD, "account": "local", "database": "AWS", "schema": "DEV"}
        return connector.connect(
            host="127.0.0.1", port=self.port, protocol="http", login_timeout=20, network_timeout=20, **wanted | changed
        )


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


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    from infra.local_snowflake.server import build  # noqa: PLC0415 - fakesnow imports a module that warns

    folder = tmp_path_factory.mktemp("local_snowflake")
    bucket = FolderBucket(folder / "s3")
    (bucket.folder / "hourglass").mkdir(parents=True)
    settings = LocalSnowflakeSettings(snowflake_user="hourglass", snowflake_password=PASSWORD)
    app = build(settings, folder / "data", bucket, lambda: NOW)
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", ws="none", timeout_graceful_shutdown=5)
    serving = uvicorn.Server(config)
    thread = threading.Thread(target=serving.run, args=([listening],), daemon=True)
    thread.start()
    yield Server(listening.getsockname()[1], bucket)
    serving.should_exit = True
    thread.join(timeout=20)


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
