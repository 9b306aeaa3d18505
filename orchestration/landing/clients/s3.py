"""Read and write objects in the bucket: the only importer of the S3 client in this package.

Every call has a timeout and botocore's retries. What still fails is raised as `BucketUnavailableError` (a later retry
can help) or `BucketRefusedError` (something must be repaired).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

from flink_jobs.contracts.s3_access import S3Access
from flink_jobs.contracts.s3_errors import FailureKind, failure_of
from orchestration.landing.errors import BucketRefusedError, BucketUnavailableError

_READERS = 8
"""Objects that are fetched at the same time."""


@dataclass(frozen=True, slots=True)
class ListedObject:
    """One object of a listing. The ETag has no quotes; it is compared and never interpreted.

    `modified` is of the bucket's clock; it is shown and proves nothing.
    """

    key: str
    bytes: int
    etag: str
    modified: datetime | None = field(default=None, compare=False)


class Bucket(Protocol):
    """What this package needs of object storage."""

    def list(self, prefix: str, start_after: str = "") -> Iterator[ListedObject]:
        """Iterate over the objects below a prefix whose keys are greater than `start_after`, in the order of keys."""
        ...

    def get(self, keys: Sequence[str]) -> tuple[bytes, ...]:
        """Fetch whole objects, in the order of `keys`."""
        ...

    def get_present(self, keys: Sequence[str]) -> tuple[bytes | None, ...]:
        """Fetch whole objects, in the order of `keys`; None for each one that is not there."""
        ...

    def put_if_absent(self, key: str, body: bytes) -> bool:
        """Write an object unless the key exists; return whether it was written."""
        ...


@dataclass(frozen=True)
class S3Bucket:
    """A bucket behind the S3 API.

    The client is created at first use. It is a plain boto3 client: the resource of dagster-aws has no timeouts, keeps
    its secret as a visible string and takes seconds to import.

    Args:
        name: the bucket.
        access: endpoint, credentials, and how objects are stored.
        timeout_seconds: of each connect and of each read.
        attempts_max: attempts of one call, the first included.
    """

    name: str
    access: S3Access
    timeout_seconds: float = 10.0
    attempts_max: int = 4

    def list(self, prefix: str, start_after: str = "") -> Iterator[ListedObject]:
        """List page by page."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=prefix, StartAfter=start_after
        )
        with self._foreign_errors(f"list {prefix}"):
            for page in pages:
                for item in page.get("Contents", ()):
                    yield ListedObject(
                        item["Key"], item["Size"], item.get("ETag", "").strip('"'), item.get("LastModified")
                    )

    def get(self, keys: Sequence[str]) -> tuple[bytes, ...]:
        """Fetch objects, several at a time."""
        with ThreadPoolExecutor(_READERS) as pool:
            return tuple(pool.map(self._get_one, keys))

    def get_present(self, keys: Sequence[str]) -> tuple[bytes | None, ...]:
        """Fetch objects, several at a time."""
        with ThreadPoolExecutor(_READERS) as pool:
            return tuple(pool.map(self._get_if_present, keys))

    def put_if_absent(self, key: str, body: bytes) -> bool:
        """Write with `If-None-Match: *`.

        When the answer to a successful write is lost, botocore retries and this returns False: read the object to
        find out who wrote it.
        """
        return self._put(key, body, IfNoneMatch="*") is not None

    def get_versioned(self, key: str) -> tuple[bytes, str] | None:
        """Fetch an object with its ETag; None when there is none."""
        try:
            with self._foreign_errors(f"get {key}"):
                answer = self._client.get_object(Bucket=self.name, Key=key)
                return answer["Body"].read(), answer["ETag"]
        except BucketRefusedError as exc:
            if _is_missing(exc):
                return None
            raise

    def put(self, key: str, body: bytes) -> None:
        """Write an object; an existing one is replaced."""
        self._put(key, body)

    def put_over(self, key: str, body: bytes, etag: str | None) -> str | None:
        """Write over the object of an ETag, None for no object; return the new ETag, None when another one is there.

        A lost answer is as in `put_if_absent`.
        """
        return self._put(key, body, **({"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}))

    def _put(self, key: str, body: bytes, **condition: str) -> str | None:
        """Return the ETag of what was written; None when the condition does not hold."""
        with self._foreign_errors(f"put {key}"):
            try:
                answer = self._client.put_object(
                    Bucket=self.name, Key=key, Body=body, **condition, **self.access.put_arguments()
                )
            except self._client.exceptions.ClientError as exc:
                # with `If-Match`, an object that is gone is missing
                if failure_of(exc).kind in {FailureKind.CONFLICT, FailureKind.MISSING}:
                    return None
                raise
        return str(answer.get("ETag", ""))

    def _get_one(self, key: str) -> bytes:
        with self._foreign_errors(f"get {key}"):
            body: bytes = self._client.get_object(Bucket=self.name, Key=key)["Body"].read()
            return body

    def _get_if_present(self, key: str) -> bytes | None:
        try:
            return self._get_one(key)
        except BucketRefusedError as exc:
            if _is_missing(exc):
                return None
            raise

    @cached_property
    def _client(self) -> Any:
        # imported late, so that other modules of this package start without it
        from botocore.config import Config  # noqa: PLC0415 - imported late on purpose

        return self.access.client(
            Config(
                connect_timeout=self.timeout_seconds,
                read_timeout=self.timeout_seconds,
                retries={"mode": "standard", "total_max_attempts": self.attempts_max},
                max_pool_connections=_READERS,
            )
        )

    @contextmanager
    def _foreign_errors(self, action: str) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - imported late, like the client

        where = f"bucket {self.name} at {self.access.s3_endpoint or 'AWS'}"
        try:
            yield
        except (ClientError, BotoCoreError) as exc:
            kind, code = failure_of(exc)
            if kind is not FailureKind.UNAVAILABLE:
                raise BucketRefusedError(
                    f"{where} refuses to {action}: {code}; check HOURGLASS_BUCKET and HOURGLASS_S3_*"
                ) from exc
            if isinstance(exc, ClientError):
                raise BucketUnavailableError(f"{where} cannot {action} now: {code}") from exc
            raise BucketUnavailableError(f"{where} does not answer ({action}): {code}") from exc


def _is_missing(refused: BucketRefusedError) -> bool:
    """Return whether an object is missing, and not its bucket; `__cause__` is the answer of the server."""
    cause = refused.__cause__
    return isinstance(cause, Exception) and failure_of(cause).kind is FailureKind.MISSING
