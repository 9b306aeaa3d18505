"""The bucket: the one place of this package that talks to S3.

Every call has a timeout, botocore retries what may be retried, and what is left over becomes ours:
`BucketUnavailableError` (ask again later) or `BucketRefusedError` (somebody has to repair something).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from flink_jobs.contracts.s3_access import S3Access
from orchestration.landing.errors import BucketRefusedError, BucketUnavailableError

_READERS = 8
"""Objects that are fetched at the same time."""
_RETRIABLE = frozenset(
    {"InternalError", "SlowDown", "ServiceUnavailable", "RequestTimeout", "RequestTimeTooSkewed", "Throttling"}
)
_ALREADY_THERE = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


@dataclass(frozen=True, slots=True)
class ListedObject:
    """What a listing tells of one object. The ETag has no quotes; it is compared, never interpreted."""

    key: str
    bytes: int
    etag: str


class Bucket(Protocol):
    """What this package needs of object storage."""

    def list(self, prefix: str, start_after: str = "") -> Iterator[ListedObject]:
        """Walk the objects below a prefix whose keys are greater than `start_after`, in the order of keys."""
        ...

    def get(self, keys: Sequence[str]) -> tuple[bytes, ...]:
        """Fetch whole objects, in the order of `keys`."""
        ...

    def put_if_absent(self, key: str, body: bytes) -> bool:
        """Write an object unless one of that name exists; False when it does, and then nothing is written."""
        ...


@dataclass(frozen=True)
class S3Bucket:
    """A bucket behind the S3 API.

    The client is made at first use, so that building one costs nothing. It is a plain boto3 client: the resource
    of dagster-aws cannot set timeouts, keeps its secret as a visible string and takes seconds to import.

    Args:
        name: the bucket.
        access: where its server is, who we are to it, and how objects are to be kept.
        timeout_seconds: of connecting, and of each read.
        attempts_max: of one call, the first included.
    """

    name: str
    access: S3Access
    timeout_seconds: float = 10.0
    attempts_max: int = 4

    def list(self, prefix: str, start_after: str = "") -> Iterator[ListedObject]:
        """Walk the objects below a prefix, page by page."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=prefix, StartAfter=start_after
        )
        with self._foreign_errors(f"list {prefix}"):
            for page in pages:
                for item in page.get("Contents", ()):
                    yield ListedObject(item["Key"], item["Size"], item.get("ETag", "").strip('"'))

    def get(self, keys: Sequence[str]) -> tuple[bytes, ...]:
        """Fetch objects, several at a time."""
        with ThreadPoolExecutor(_READERS) as pool:
            return tuple(pool.map(self._get_one, keys))

    def put_if_absent(self, key: str, body: bytes) -> bool:
        """Write with `If-None-Match: *`.

        An answer that got lost after the write makes botocore try again and find its own object: the caller
        reads the object again when it must know whose it is.
        """
        with self._foreign_errors(f"put {key}"):
            try:
                self._client.put_object(
                    Bucket=self.name, Key=key, Body=body, IfNoneMatch="*", **self.access.put_arguments()
                )
            except self._client.exceptions.ClientError as exc:
                if _code(exc) in _ALREADY_THERE or _status(exc) == 412:  # noqa: PLR2004 - HTTP's own number
                    return False
                raise
        return True

    def _get_one(self, key: str) -> bytes:
        with self._foreign_errors(f"get {key}"):
            body: bytes = self._client.get_object(Bucket=self.name, Key=key)["Body"].read()
            return body

    @cached_property
    def _client(self) -> Any:
        # Imported here: a run that only needs other modules of this package does not pay for it.
        from botocore.config import Config  # noqa: PLC0415 - see the line above

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
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError  # noqa: PLC0415 - see _client

        where = f"bucket {self.name} at {self.access.s3_endpoint or 'AWS'}"
        try:
            yield
        except ClientError as exc:
            if _code(exc) in _RETRIABLE or _status(exc) >= 500:  # noqa: PLR2004 - HTTP's own number
                raise BucketUnavailableError(f"{where} cannot {action} now: {_code(exc)}") from exc
            raise BucketRefusedError(
                f"{where} refuses to {action}: {_code(exc)}; check HOURGLASS_BUCKET and HOURGLASS_S3_*"
            ) from exc
        except NoCredentialsError as exc:
            raise BucketRefusedError(f"{where}: no credentials; set HOURGLASS_S3_ACCESS_KEY_ID and _SECRET") from exc
        except BotoCoreError as exc:
            raise BucketUnavailableError(f"{where} does not answer ({action}): {type(exc).__name__}") from exc


def _code(exc: Any) -> str:
    return str(exc.response.get("Error", {}).get("Code", "unknown"))


def _status(exc: Any) -> int:
    return int(exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
