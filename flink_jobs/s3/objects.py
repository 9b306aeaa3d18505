"""The bucket as the project sees it: what a listing returns, and the operations of its one client."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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
