"""The bucket as the commands around the job see it. The only importer of the S3 client here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from flink_jobs.errors import DeployError, ObjectGoneError, SetupError, UnreachableError
from flink_jobs.settings import LandingSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHUNK_BYTES = 1 << 20
_LIMITS = Config(connect_timeout=3, read_timeout=10, retries={"max_attempts": 2, "mode": "standard"})


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object of a listing. The ETag has no quotes; it is compared, never interpreted."""

    key: str
    modified: datetime
    bytes: int = 0
    etag: str = ""


class Bucket:
    """Lists and reads objects, and checks access.

    Args:
        client: of boto3.
        name: of the bucket.
    """

    def __init__(self, client: S3Client, name: str) -> None:
        self._client = client
        self._name = name

    @classmethod
    def of(cls, settings: LandingSettings) -> Bucket:
        """Connect as the settings say; without keys the default chain of AWS finds them."""
        return cls(settings.client(_LIMITS), settings.bucket)

    def check(self) -> None:
        """Find out whether the bucket is there and lets us in.

        Raises:
            UnreachableError: nothing answers.
            SetupError: there is no such bucket, or the keys are wrong.
        """
        try:
            self._client.head_bucket(Bucket=self._name)
        except (ClientError, BotoCoreError) as exc:
            raise self._explain(exc) from exc

    def objects(self, prefix: str) -> Iterator[StoredObject]:
        """List all objects below a prefix, in the order of their keys."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=prefix)
        try:
            for page in pages:
                for found in page.get("Contents", []):
                    yield StoredObject(
                        found["Key"], found["LastModified"], found.get("Size", 0), found.get("ETag", "").strip('"')
                    )
        except (ClientError, BotoCoreError) as exc:
            raise self._explain(exc) from exc

    def chunks(self, key: str) -> Iterator[bytes]:
        """Read an object in pieces of `CHUNK_BYTES`; each piece has the read timeout of the client.

        Raises:
            ObjectGoneError: there is no such object.
            UnreachableError: the bucket does not answer, or stops in the middle.
        """
        try:
            yield from self._client.get_object(Bucket=self._name, Key=key)["Body"].iter_chunks(CHUNK_BYTES)
        except self._client.exceptions.NoSuchKey as exc:
            raise ObjectGoneError(f"bucket {self._name} has no object {key}") from exc
        except (ClientError, BotoCoreError) as exc:
            raise self._explain(exc) from exc

    def _explain(self, error: ClientError | BotoCoreError) -> DeployError:
        place = f"bucket {self._name} at {self._client.meta.endpoint_url}"
        if not isinstance(error, ClientError):
            return UnreachableError(f"{place} does not answer: start the S3 server, or set HOURGLASS_S3_ENDPOINT")
        code = error.response.get("Error", {}).get("Code", "unknown")
        if code in {"404", "NoSuchBucket"}:
            return SetupError(f"{place} does not exist: create it, or set HOURGLASS_BUCKET")
        if code in {"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"}:
            return SetupError(
                f"{place} refuses the keys: set HOURGLASS_S3_ACCESS_KEY_ID and HOURGLASS_S3_SECRET_ACCESS_KEY"
            )
        return UnreachableError(f"{place} answers with an error ({code}): try again when it has recovered")
