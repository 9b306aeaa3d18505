"""The old bucket behind a real S3 server: versitygw, which the landing benchmark installs.

The s3proxy of the local stack would be measured instead of us: it walks the whole prefix for each page of a listing.

The objects are files below the server's folder, written directly: 100,000 uploads take longer than everything else.
"""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import md5
from pathlib import Path
from typing import Any

from benchmarks.landing.settings import BenchmarkSettings
from benchmarks.landing.workload.servers import install_s3_server, stop_servers, versitygw_program
from benchmarks.orchestration.old_bucket import OldBucket
from flink_jobs.contracts.s3_access import S3Access
from infra.local.ports import free_ports
from infra.local.processes import ProcessTable, wait_until_healthy
from orchestration.landing.clients.s3 import S3Bucket

_KINDS = {"ListObjectsV2": "LIST", "GetObject": "GET", "PutObject": "PUT"}


@dataclass(frozen=True)
class CountedS3Bucket(S3Bucket):
    """The bucket of the product; each HTTP request of its client is counted, also a repeated one."""

    requests: Counter[str] = field(default_factory=Counter)

    @cached_property
    def _client(self) -> Any:
        client = super()._client
        client.meta.events.register("before-send.s3", self._count)
        return client

    def _count(self, event_name: str, **_request: Any) -> None:
        self.requests[_KINDS.get(event_name.rpartition(".")[2], event_name)] += 1


@contextmanager
def served(old: OldBucket) -> Iterator[OldBucket]:
    """Serve the objects of a bucket in memory; its seconds are wall time. Server and objects are gone at the end."""
    settings = BenchmarkSettings(folder=BenchmarkSettings().folder / "orchestration", s3_port=free_ports(1)[0])
    install_s3_server(settings, print)
    program = versitygw_program(settings)
    folder = settings.folder / "s3"
    table = ProcessTable(settings.folder)
    try:
        write_objects(old, folder / "versitygw" / settings.local.bucket)
        wait_until_healthy(program, table.start(program))
        local = settings.local
        access = S3Access(
            s3_endpoint=settings.s3_endpoint, s3_region=local.s3_region,
            s3_access_key_id=local.s3_access_key_id, s3_secret_access_key=local.s3_secret_access_key,
        )  # fmt: skip
        bucket = CountedS3Bucket(local.bucket, access)
        bucket.get_present(["warm-up"])  # the import and the first connection are not measured
        yield replace(old, stream=replace(old.stream, bucket=bucket), requests=bucket.requests, clock=time.perf_counter)
    finally:
        stop_servers(settings, [program.name])
        shutil.rmtree(folder, ignore_errors=True)


def write_objects(old: OldBucket, folder: Path) -> None:
    """Write every object as the server stores it: a file, with its ETag as an attribute."""
    for key in old.double.keys:
        body = (
            b"{}\n" if "/landing/" in key or "/published/" in key else old.double.objects.get(key) or old.its.body(key)
        )
        file = folder / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
        os.setxattr(file, "user.etag", f'"{md5(body, usedforsecurity=False).hexdigest()}"'.encode())
