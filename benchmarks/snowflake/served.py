"""A local Snowflake in a process of its own, whose objects are the files of a folder.

`python -m benchmarks.snowflake.served DATA BUCKETS` serves until it is terminated, and prints its port.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile
from typing import Any

import psutil
from snowflake import connector

from infra.local_snowflake.files.bucket import ObjectVanishedError, StoredObject

BUCKET = "lake"
_MIB = 1 << 20


@dataclass(frozen=True)
class FileBucket:
    """Buckets that are folders; an object's ETag is made from size and time of its file."""

    folder: Path

    def list(self, bucket: str, prefix: str) -> Iterator[StoredObject]:
        """List the files below a prefix, which ends with a slash; only their folder is read, as S3 does."""
        root = self.folder / bucket
        for path in sorted(root.joinpath(prefix).rglob("*")):
            if path.is_file():
                found = path.stat()
                etag = f"{found.st_size:x}-{found.st_mtime_ns:x}"
                modified = datetime.fromtimestamp(found.st_mtime, UTC)
                yield StoredObject(path.relative_to(root).as_posix(), found.st_size, etag, modified)

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


@dataclass(frozen=True)
class Served:
    """A running server.

    Args:
        process: of the server.
        port: that it listens at.
        start_seconds: from the start of its process to the port.
    """

    process: psutil.Process
    port: int
    start_seconds: float

    @property
    def memory_mib(self) -> float:
        """The resident memory of the server now."""
        return float(self.process.memory_info().rss) / _MIB

    @property
    def cpu_seconds(self) -> float:
        """The CPU time that the server has used."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def connect(self, **more: Any) -> Any:
        """Log in."""
        return connect(self.port, **more)


def connect(port: int, **more: Any) -> Any:
    """Log in to the server at a port."""
    os.environ["SNOWFLAKE_DISABLE_PLATFORM_DETECTION"] = "true"
    where = {"host": "127.0.0.1", "port": port, "protocol": "http", "account": "local"}
    given = {"user": "u", "password": "p", "database": "AWS", "schema": "DEV", "login_timeout": 60}
    return connector.connect(**where, **given, network_timeout=300, **more)


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """Serve for a block; objects of the bucket are the files below `folder / "buckets" / BUCKET`."""
    (folder / "buckets" / BUCKET).mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "benchmarks.snowflake.served", str(folder / "data"), str(folder / "buckets")]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = int(process.stdout.readline()) if process.stdout else 0
            yield Served(psutil.Process(process.pid), port, time.perf_counter() - began)
        finally:
            process.terminate()


def main(data: Path, buckets: Path) -> None:
    """Serve until SIGTERM."""
    import uvicorn  # noqa: PLC0415 - the process that measures needs none of it

    from infra.local_snowflake.server import SWITCH_SECONDS, build  # noqa: PLC0415
    from infra.local_snowflake.serving.requested_faults import config  # noqa: PLC0415
    from infra.local_snowflake.settings import LocalSnowflakeSettings  # noqa: PLC0415

    sys.setswitchinterval(SWITCH_SECONDS)
    app = build(LocalSnowflakeSettings(), data, FileBucket(buckets), lambda: datetime.now(UTC))
    listening = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    uvicorn.Server(config(app)).run(sockets=[listening])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
