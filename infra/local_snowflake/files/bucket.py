"""Read the bucket: the only module here that imports the S3 client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from flink_jobs.contracts.s3_errors import FailureKind, failure_of
from infra.local_snowflake.errors import StorageRefusedError
from infra.local_snowflake.settings import LocalSnowflakeSettings


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object as a listing shows it.

    Args:
        key: from the root of the bucket.
        size_bytes: of the object as it is stored.
        etag: differs for every content.
        modified: time of the write.
    """

    key: str
    size_bytes: int
    etag: str
    modified: datetime


class ObjectVanishedError(Exception):
    """The object is gone or was written again since it was listed."""


class Bucket(Protocol):
    """All buckets of an S3 endpoint."""

    def list(self, bucket: str, prefix: str) -> Iterator[StoredObject]:
        """List the objects below a prefix, in the order of their keys."""
        ...

    def download(self, bucket: str, stored: StoredObject, target: Path) -> None:
        """Copy one object with exactly this ETag to a file.

        Raises:
            ObjectVanishedError: it is gone or was written again since it was listed.
            StorageRefusedError: the bucket does not answer.
        """
        ...

    def delete(self, bucket: str, key: str) -> None:
        """Delete one object, if it exists."""
        ...

    def upload(self, bucket: str, key: str, source: Path) -> None:
        """Write one object from a file; it replaces one of the same key."""
        ...


_PIECE_BYTES = 1 << 20
_GONE = frozenset({FailureKind.MISSING, FailureKind.CONFLICT})
"""Kinds that answer a read with If-Match when the object is gone or was written again."""


class S3Bucket:
    """The buckets of one S3 endpoint.

    Args:
        settings: endpoint, region and keys; without keys the default chain of AWS is used.
    """

    def __init__(self, settings: LocalSnowflakeSettings) -> None:
        self._client = settings.client(Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 3}))

    def list(self, bucket: str, prefix: str) -> Iterator[StoredObject]:
        """List the objects below a prefix, page by page."""
        with _refusals(f"s3://{bucket}/{prefix}"):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                for found in page.get("Contents", []):
                    yield StoredObject(
                        found["Key"], found["Size"], found.get("ETag", "").strip('"'), found["LastModified"]
                    )

    def download(self, bucket: str, stored: StoredObject, target: Path) -> None:
        """Copy one object to a file."""
        with _refusals(f"s3://{bucket}/{stored.key}"):
            answer = self._client.get_object(Bucket=bucket, Key=stored.key, IfMatch=f'"{stored.etag}"')
            with target.open("wb") as file, closing(answer["Body"]) as body:
                for piece in body.iter_chunks(_PIECE_BYTES):
                    file.write(piece)

    def delete(self, bucket: str, key: str) -> None:
        """Delete one object."""
        with _refusals(f"s3://{bucket}/{key}"):
            self._client.delete_object(Bucket=bucket, Key=key)

    def upload(self, bucket: str, key: str, source: Path) -> None:
        """Write one object from a file."""
        with _refusals(f"s3://{bucket}/{key}"), source.open("rb") as file:
            self._client.put_object(Bucket=bucket, Key=key, Body=file)


@contextmanager
def _refusals(address: str) -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as exc:
        if failure_of(exc).kind in _GONE:
            raise ObjectVanishedError(address) from exc
        raise StorageRefusedError(f"Failed to access remote file: {address}: {exc}") from exc
