"""The files of all stages behind one interface: buckets of S3, and folders of internal stages."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from infra.local_snowflake.files.bucket import Bucket, ObjectVanishedError, StoredObject

_INTERNAL = "stage:"
"""Begins the bucket name of an internal stage; no bucket of S3 may have a colon in its name."""


def internal_bucket(stage_id: str) -> str:
    """Return the bucket name of an internal stage."""
    return _INTERNAL + stage_id


@dataclass(frozen=True, slots=True)
class Storage:
    """All files of stages.

    Args:
        external: of external stages.
        folder: of internal stages, one folder each.
    """

    external: Bucket
    folder: Path

    def list(self, bucket: str, prefix: str) -> Iterator[StoredObject]:
        """List the objects below a prefix, in the order of their keys."""
        if not bucket.startswith(_INTERNAL):
            yield from self.external.list(bucket, prefix)
            return
        root = self.folder_of(bucket)
        for path in sorted(root.rglob("*")) if root.is_dir() else []:
            key = path.relative_to(root).as_posix()
            if path.is_file() and key.startswith(prefix):
                yield _stored(key, path)

    def download(self, bucket: str, stored: StoredObject, target: Path) -> None:
        """Copy one object to a file.

        Raises:
            ObjectVanishedError: it is gone or was written again since it was listed.
            StorageRefusedError: the bucket does not answer.
        """
        if not bucket.startswith(_INTERNAL):
            self.external.download(bucket, stored, target)
            return
        path = self.folder_of(bucket) / stored.key
        if not path.is_file() or _stored(stored.key, path).etag != stored.etag:
            raise ObjectVanishedError(stored.key)
        shutil.copyfile(path, target)

    def delete(self, bucket: str, key: str) -> None:
        """Delete one object, if it exists."""
        if bucket.startswith(_INTERNAL):
            (self.folder_of(bucket) / key).unlink(missing_ok=True)
        else:
            self.external.delete(bucket, key)

    def upload(self, bucket: str, key: str, source: Path) -> None:
        """Write one object from a file; it replaces one of the same key."""
        if not bucket.startswith(_INTERNAL):
            self.external.upload(bucket, key, source)
            return
        target = self.folder_of(bucket) / key
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)

    def file_of(self, stage_id: str, key: str) -> Path | None:
        """Return the file of an object of an internal stage; None for a key that leaves the stage's folder."""
        root = self.folder_of(internal_bucket(stage_id)).resolve()
        path = (root / key).resolve()
        return path if path.is_relative_to(root) and path != root and root.parent == self.folder.resolve() else None

    def folder_of(self, bucket: str) -> Path:
        """Return the folder of an internal stage."""
        return self.folder / bucket.removeprefix(_INTERNAL)

    def drop(self, bucket: str) -> None:
        """Delete an internal stage's folder."""
        shutil.rmtree(self.folder_of(bucket), ignore_errors=True)


def _stored(key: str, path: Path) -> StoredObject:
    data = path.read_bytes()
    modified = datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    return StoredObject(key, len(data), hashlib.md5(data).hexdigest(), modified)  # noqa: S324 - as S3 does
