"""The client of the stream's bucket. Translates errors of boto3 into those of `flink_jobs.errors`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from flink_jobs.contracts.s3_errors import FailureKind, failure_of
from flink_jobs.errors import LandingJobError, ObjectGoneError, SetupError, UnreachableError
from flink_jobs.s3.objects import OpenUpload, StoredObject
from flink_jobs.settings import LandingSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, PartTypeDef

CHUNK_BYTES = 1 << 20
_LIMITS = Config(connect_timeout=3, read_timeout=10, retries={"max_attempts": 2, "mode": "standard"})


class Bucket:
    """List, read and write objects, abort uploads, check access.

    Args:
        connect: makes the client at the first request: a command without requests does not pay for it.
        name: of the bucket.
        owner: account that the bucket must belong to; None is not checked.
        put_arguments: arguments of every PUT, such as encryption and ACL.
    """

    def __init__(
        self,
        connect: Callable[[], S3Client],
        name: str,
        owner: str | None = None,
        put_arguments: Mapping[str, Any] | None = None,
    ) -> None:
        self._connect = connect
        self._name = name
        self._owner = {"ExpectedBucketOwner": owner} if owner else {}
        self._put = put_arguments or {}

    @classmethod
    def of(cls, settings: LandingSettings) -> Bucket:
        """Build the client of the settings; without keys AWS's default chain finds them."""
        return cls(lambda: settings.client(_LIMITS), settings.bucket, settings.bucket_owner, settings.put_arguments())

    @cached_property
    def _client(self) -> S3Client:
        return self._connect()

    def check(self) -> None:
        """Check that the bucket exists and is accessible.

        Raises:
            UnreachableError: nothing answers.
            SetupError: there is no such bucket, or it refuses the keys.
        """
        self._do(self._client.head_bucket, **self._owner)

    def objects(self, prefix: str, after: str = "") -> Iterator[StoredObject]:
        """List all objects below a prefix whose keys come after `after`, in the order of their keys."""
        start: dict[str, Any] = {"StartAfter": after} if after else {}
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=prefix, **start)
        with self._translated():
            for page in pages:
                for found in page.get("Contents", []):
                    yield StoredObject(
                        found["Key"], found["LastModified"], found.get("Size", 0), found.get("ETag", "").strip('"')
                    )

    def directories(self, prefix: str) -> list[str]:
        """List the directories directly below a prefix, each with its slash, in the order of their names."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=prefix, Delimiter="/")
        with self._translated():
            return [found["Prefix"] for page in pages for found in page.get("CommonPrefixes", [])]

    def chunks(self, key: str) -> Iterator[bytes]:
        """Read an object in pieces of `CHUNK_BYTES`; each piece has the read timeout of the client.

        Raises:
            ObjectGoneError: there is no such object.
            UnreachableError: the bucket does not answer, or stops in the middle.
        """
        with self._translated():
            try:
                yield from self._client.get_object(Bucket=self._name, Key=key)["Body"].iter_chunks(CHUNK_BYTES)
            except self._client.exceptions.NoSuchKey as exc:
                raise ObjectGoneError(f"bucket {self._name} has no object {key}") from exc

    def create(self, key: str, body: bytes) -> bool:
        """Write an object unless there is one of that key; return whether this call wrote it.

        False also when the answer to an earlier attempt of this call was lost: compare the object with `body`.
        """
        with self._translated():
            try:
                self._client.put_object(Bucket=self._name, Key=key, Body=body, IfNoneMatch="*", **self._put)
            except ClientError as exc:
                if failure_of(exc).kind is FailureKind.CONFLICT:
                    return False
                raise
        return True

    def put(self, key: str, body: bytes) -> None:
        """Write an object; an existing one is replaced."""
        self._do(self._client.put_object, Key=key, Body=body, **self._put)

    def read(self, key: str) -> bytes | None:
        """Read an object; None when there is none."""
        with self._translated(), _unless_missing():
            return self._client.get_object(Bucket=self._name, Key=key)["Body"].read()
        return None

    def delete(self, key: str) -> None:
        """Delete an object; success also when it is gone already."""
        self._do(self._client.delete_object, Key=key)

    def uploads(self, prefix: str) -> Iterator[OpenUpload]:
        """List the open multipart uploads of keys below a prefix."""
        pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self._name, Prefix=prefix)
        with self._translated():
            for page in pages:
                for found in page.get("Uploads", []):
                    yield OpenUpload(found["Key"], found["UploadId"], found["Initiated"])

    def abort(self, upload: OpenUpload) -> None:
        """Abort an upload; success also when it is gone already."""
        with self._translated(), _unless_missing():
            self._client.abort_multipart_upload(Bucket=self._name, Key=upload.key, UploadId=upload.upload_id)

    def complete(self, upload: OpenUpload) -> None:
        """Make an object of the parts that an upload has stored; success also when it is gone already.

        An upload without a part holds no object, and stays as it is.
        """
        parts: list[CompletedPartTypeDef] = [
            {"PartNumber": part["PartNumber"], "ETag": part["ETag"]} for part in self._parts(upload)
        ]
        if not parts:
            return
        with self._translated(), _unless_missing():
            self._client.complete_multipart_upload(
                Bucket=self._name, Key=upload.key, UploadId=upload.upload_id, MultipartUpload={"Parts": parts}
            )

    def parts(self, upload: OpenUpload) -> list[StoredObject]:
        """List the parts that an upload has stored so far, all under its key; none when it has just ended."""
        return [StoredObject(upload.key, part["LastModified"], part["Size"]) for part in self._parts(upload)]

    def _parts(self, upload: OpenUpload) -> list[PartTypeDef]:
        pages = self._client.get_paginator("list_parts").paginate(
            Bucket=self._name, Key=upload.key, UploadId=upload.upload_id
        )
        with self._translated(), _unless_missing():
            return [part for page in pages for part in page.get("Parts", [])]
        return []

    def _do(self, operation: Callable[..., object], **arguments: object) -> None:
        with self._translated():
            operation(Bucket=self._name, **arguments)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (ClientError, BotoCoreError) as exc:
            raise self._explain(exc) from exc

    def _explain(self, error: ClientError | BotoCoreError) -> LandingJobError:
        place = f"bucket {self._name} at {self._client.meta.endpoint_url}"
        kind, code = failure_of(error)
        if kind in {FailureKind.MISSING, FailureKind.NO_BUCKET}:
            return SetupError(f"{place} does not exist: create it, or set HOURGLASS_BUCKET")
        if kind is FailureKind.UNAVAILABLE:
            if isinstance(error, ClientError):
                return UnreachableError(f"{place} answers with an error ({code}): try again when it has recovered")
            return UnreachableError(f"{place} does not answer: start the S3 server, or set HOURGLASS_S3_ENDPOINT")
        owner = self._owner.get("ExpectedBucketOwner")
        other = f", or it does not belong to account {owner} (HOURGLASS_BUCKET_OWNER)" if owner else ""
        operation = error.operation_name if isinstance(error, ClientError) else "every request"
        return SetupError(
            f"{place} refuses {operation} ({code}): set HOURGLASS_S3_ACCESS_KEY_ID and "
            f"HOURGLASS_S3_SECRET_ACCESS_KEY to keys that may do this, or allow it to these{other}"
        )


@contextmanager
def _unless_missing() -> Iterator[None]:
    """Suppress the error about an object or an upload that is not there."""
    try:
        yield
    except ClientError as exc:
        if failure_of(exc).kind is not FailureKind.MISSING:
            raise
