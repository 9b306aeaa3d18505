"""The bucket as the project sees it: what a listing returns, and the operations of its one client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object of a listing. The ETag has no quotes; it is compared, never interpreted."""

    key: str
    modified: datetime
    bytes: int = 0
    etag: str = ""


@dataclass(frozen=True, slots=True)
class OpenUpload:
    """A multipart upload that is neither completed nor aborted."""

    key: str
    upload_id: str
    begun: datetime


class Objects(Protocol):
    """A bucket; see `flink_jobs.s3.bucket.Bucket`, which also names the errors."""

    def check(self) -> None:
        """Refuse a bucket that is not there, or that does not admit our keys."""
        ...

    def objects(self, prefix: str, after: str = "") -> Iterator[StoredObject]:
        """List all objects below a prefix whose keys come after `after`, in the order of their keys."""
        ...

    def directories(self, prefix: str) -> list[str]:
        """List the directories directly below a prefix, in the order of their names."""
        ...

    def chunks(self, key: str) -> Iterator[bytes]:
        """Read an object piece by piece; `ObjectGoneError` when there is none."""
        ...

    def read(self, key: str) -> bytes | None:
        """Read an object; None where there is none."""
        ...

    def create(self, key: str, body: bytes) -> bool:
        """Write an object unless there is one of that key; return whether this call wrote it."""
        ...

    def put(self, key: str, body: bytes) -> None:
        """Write an object, also over another."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object."""
        ...

    def uploads(self, prefix: str) -> Iterator[OpenUpload]:
        """List the open multipart uploads of keys below a prefix."""
        ...

    def abort(self, upload: OpenUpload) -> None:
        """End an upload without an object."""
        ...

    def complete(self, upload: OpenUpload) -> None:
        """Make an object of the parts that an upload has stored."""
        ...

    def parts(self, upload: OpenUpload) -> list[StoredObject]:
        """List the parts that an upload has stored so far, all under its key."""
        ...
