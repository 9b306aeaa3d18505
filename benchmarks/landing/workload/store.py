"""The bucket of the harness. Only this module of the harness imports the S3 client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO, TYPE_CHECKING, cast

import boto3
from botocore.config import Config

from benchmarks.landing.peer import Task
from benchmarks.landing.settings import BenchmarkSettings

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

USER_AGENT = "landing-benchmark-harness"
"""This name in the server's log separates the harness's requests from a peer's."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One object of a listing."""

    key: str
    size: int
    modified: datetime


class Store:
    """Buckets of one measurement each.

    Args:
        client: of boto3.
    """

    def __init__(self, client: S3Client) -> None:
        self._client = client

    @classmethod
    def of(cls, settings: BenchmarkSettings) -> Store:
        """Connect to the benchmark's S3 server."""
        local = settings.local
        return cls.at(
            settings.s3_endpoint,
            local.s3_region,
            local.s3_access_key_id,
            local.s3_secret_access_key.get_secret_value(),
        )

    @classmethod
    def of_task(cls, task: Task) -> Store:
        """Connect to the S3 server of a task, to read a peer's own log or checkpoints."""
        return cls.at(task.s3_endpoint, task.s3_region, task.s3_access_key_id, task.s3_secret_access_key)

    @classmethod
    def at(cls, endpoint: str, region: str, access_key_id: str, secret_access_key: str) -> Store:
        """Connect to an S3 server."""
        config = Config(user_agent=USER_AGENT, retries={"total_max_attempts": 4})
        return cls(
            boto3.client(
                "s3",
                endpoint_url=endpoint,
                region_name=region,
                aws_access_key_id=access_key_id,
                aws_secret_access_key=secret_access_key,
                config=config,
            )
        )

    def create(self, bucket: str) -> None:
        """Create an empty bucket; delete the one of an interrupted measurement first."""
        if bucket in {found["Name"] for found in self._client.list_buckets()["Buckets"]}:
            self.delete(bucket)
        self._client.create_bucket(Bucket=bucket)

    def delete(self, bucket: str) -> None:
        """Delete a bucket with all of its content, open uploads included."""
        for upload in self._client.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
            self._client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        for listed in reversed(list(self._everything(bucket, ""))):  # the content of a directory before its marker
            self._client.delete_object(Bucket=bucket, Key=listed.key)
        self._client.delete_bucket(Bucket=bucket)

    def objects(self, bucket: str, prefix: str) -> Iterator[Listed]:
        """List the objects below a prefix, without the markers of directories."""
        return (listed for listed in self._everything(bucket, prefix) if not listed.key.endswith("/"))

    def _everything(self, bucket: str, prefix: str) -> Iterator[Listed]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            yield from (
                Listed(found["Key"], found["Size"], found["LastModified"]) for found in page.get("Contents", [])
            )

    def open(self, bucket: str, key: str) -> IO[bytes]:
        """Open an object as a stream."""
        return cast("IO[bytes]", self._client.get_object(Bucket=bucket, Key=key)["Body"])

    def read(self, bucket: str, key: str) -> bytes:
        """Read a small object."""
        return self.open(bucket, key).read()
