"""A local Snowflake in a thread of the tests, over buckets that are folders."""

from __future__ import annotations

import gzip
import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile, rmtree
from typing import Any

import pytest
import uvicorn
import zstandard
from snowflake import connector

from infra.local_snowflake.errors import StorageRefusedError
from infra.local_snowflake.files.bucket import ObjectVanishedError, StoredObject
from infra.local_snowflake.settings import LocalSnowflakeSettings

NOW = datetime(2025, 8, 1, 12, tzinfo=UTC)
PASSWORD = "correct-horse"
Lines = list[dict[str, Any]]
FOREIGN_WARNING = "ignore:Arrow output on a DB-API result"
"""A warning of fakesnow in the thread of the server; the tests cannot avoid it."""


_serving = threading.Lock()


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

    def delete(self, bucket: str, key: str) -> None:
        """Delete a file, if it exists."""
        (self.folder / bucket / key).unlink(missing_ok=True)

    def upload(self, bucket: str, key: str, source: Path) -> None:
        """Copy a file into a bucket."""
        target = self.folder / bucket / key
        target.parent.mkdir(parents=True, exist_ok=True)
        copyfile(source, target)

    def write(self, key: str, *events: object) -> None:
        """Write one line per event, or a text unchanged, compressed by the suffix of the key."""
        lines = "".join(event if isinstance(event, str) else json.dumps(event) + "\n" for event in events).encode()
        path = self.file(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        pack: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".zst": zstandard.compress}
        path.write_bytes(pack.get(path.suffix, bytes)(lines))

    def file(self, key: str) -> Path:
        """Return the file of an object of the bucket `hourglass`."""
        return self.folder / "hourglass" / key

    def replace_all(self, objects: Mapping[str, bytes]) -> None:
        """Delete every object of the bucket `hourglass`, and write these."""
        rmtree(self.file(""))
        self.file("").mkdir()
        for key, body in objects.items():
            self.file(key).parent.mkdir(parents=True, exist_ok=True)
            self.file(key).write_bytes(body)

    def change_lines(self, key: str, change: Callable[[Lines], Lines]) -> None:
        """Write an object again with other lines."""
        lines = [json.loads(line) for line in self.file(key).read_text().splitlines()]
        self.file(key).write_text("".join(json.dumps(line) + "\n" for line in change(lines)))

    def remove(self, key: str) -> None:
        """Delete a file."""
        self.file(key).unlink()


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


@contextmanager
def serve(folder: Path) -> Iterator[Server]:
    """Serve for a block; the bucket `hourglass` is there. A process has one server: fakesnow keeps its engine globally.

    So all unit tests share the fixture `server`.
    """
    assert _serving.acquire(blocking=False), "another local Snowflake serves in this process"
    # fakesnow imports a module that warns
    from infra.local_snowflake.server import build  # noqa: PLC0415
    from infra.local_snowflake.serving.requested_faults import config  # noqa: PLC0415

    bucket = FolderBucket(folder / "s3")
    (bucket.folder / "hourglass").mkdir(parents=True)
    settings = LocalSnowflakeSettings(snowflake_user="hourglass", snowflake_password=PASSWORD, snowflake_faults=True)
    app = build(settings, folder / "data", bucket, lambda: NOW)
    listening = socket.create_server(("127.0.0.1", 0))
    serving = uvicorn.Server(config(app, timeout_graceful_shutdown=5))
    thread = threading.Thread(target=serving.run, args=([listening],), daemon=True)
    thread.start()
    with pytest.MonkeyPatch.context() as patch:
        # keeps the connector from querying the metadata servers of three clouds
        patch.setenv("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true")
        yield Server(listening.getsockname()[1], bucket)
    serving.should_exit = True
    thread.join(timeout=20)
    _serving.release()
