"""The bucket as statements read it: a statement can be stopped between two objects, and a refresh can be halved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from infra.local_snowflake.files.bucket import Bucket, StoredObject
from infra.local_snowflake.serving.execution import running

_registered: ContextVar[frozenset[str] | None] = ContextVar("registered", default=None)
"""Keys of the registered files while a refresh registers the first half of the others only."""


@contextmanager
def half_of_new(registered: frozenset[str]) -> Iterator[None]:
    """Leave the second half of the objects that are not registered out of all lists, for a block."""
    token = _registered.set(registered)
    try:
        yield
    finally:
        _registered.reset(token)


@dataclass(frozen=True, slots=True)
class ServedBucket:
    """A bucket that stops the statement which reads it, as soon as a client asks for it."""

    bucket: Bucket

    def list(self, bucket: str, prefix: str) -> Iterator[StoredObject]:
        """List the objects below a prefix."""
        running.check()
        registered = _registered.get()
        if registered is None:
            for stored in self.bucket.list(bucket, prefix):
                running.check()
                yield stored
            return
        listed = [*self.bucket.list(bucket, prefix)]
        new = [stored.key for stored in listed if stored.key not in registered]
        left_out = frozenset(new[(len(new) + 1) // 2 :])
        yield from (stored for stored in listed if stored.key not in left_out)

    def download(self, bucket: str, stored: StoredObject, target: Path) -> None:
        """Copy one object."""
        running.check()
        self.bucket.download(bucket, stored, target)

    def delete(self, bucket: str, key: str) -> None:
        """Delete one object."""
        running.check()
        self.bucket.delete(bucket, key)

    def upload(self, bucket: str, key: str, source: Path) -> None:
        """Write one object."""
        running.check()
        self.bucket.upload(bucket, key, source)
