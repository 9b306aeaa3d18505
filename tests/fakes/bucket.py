"""A bucket in memory: objects by key, ETags by content, and the order of what was written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import md5

from orchestration.landing.clients.s3 import ListedObject
from orchestration.landing.errors import BucketRefusedError


@dataclass
class FakeBucket:
    """Hold objects.

    Args:
        objects: bodies by key.
        failures: errors that the next listings raise, in order.
        rivals: (key, body) that another writer puts just before ours, in order.
        modified: times of objects by key; the others have none.
        name: of the bucket.
    """

    objects: dict[str, bytes] = field(default_factory=dict)
    failures: list[Exception] = field(default_factory=list)
    rivals: list[tuple[str, bytes]] = field(default_factory=list)
    modified: dict[str, datetime] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)
    name: str = "hourglass"

    def list(self, prefix: str, start_after: str = "") -> Iterator[ListedObject]:
        """Iterate over the objects below a prefix."""
        self.effects.append(f"list {prefix}")
        if self.failures:
            raise self.failures.pop(0)
        for key in sorted(key for key in self.objects if key.startswith(prefix) and key > start_after):
            body = self.objects[key]
            yield ListedObject(key, len(body), _etag(body), self.modified.get(key))

    def get(self, keys: Sequence[str]) -> tuple[bytes, ...]:
        """Fetch objects."""
        self.fetched.extend(keys)
        if missing := [key for key in keys if key not in self.objects]:
            raise BucketRefusedError(f"no object {missing[0]}")
        return tuple(self.objects[key] for key in keys)

    def get_present(self, keys: Sequence[str]) -> tuple[bytes | None, ...]:
        """Fetch objects; None for each one that is not there."""
        self.fetched.extend(keys)
        return tuple(self.objects.get(key) for key in keys)

    def put_if_absent(self, key: str, body: bytes) -> bool:
        """Write an object unless it is there."""
        if self.rivals:
            self.objects.update([self.rivals.pop(0)])
        if key in self.objects:
            return False
        self.objects[key] = body
        self.written.append(key)
        return True

    def get_versioned(self, key: str) -> tuple[bytes, str] | None:
        """Fetch an object with its ETag."""
        body = self.objects.get(key)
        return None if body is None else (body, _etag(body))

    def put(self, key: str, body: bytes) -> None:
        """Write an object."""
        self.objects[key] = body

    def put_over(self, key: str, body: bytes, etag: str | None) -> str | None:
        """Write over the object of an ETag."""
        if self.rivals:
            self.objects.update([self.rivals.pop(0)])
        present = self.get_versioned(key)
        if (present[1] if present else None) != etag:
            return None
        self.objects[key] = body
        return _etag(body)


def _etag(body: bytes) -> str:
    return md5(body, usedforsecurity=False).hexdigest()
