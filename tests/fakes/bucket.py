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
    """

    objects: dict[str, bytes] = field(default_factory=dict)
    failures: list[Exception] = field(default_factory=list)
    rivals: list[tuple[str, bytes]] = field(default_factory=list)
    modified: dict[str, datetime] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)

    def list(self, prefix: str, start_after: str = "") -> Iterator[ListedObject]:
        """Iterate over the objects below a prefix."""
        self.effects.append(f"list {prefix}")
        if self.failures:
            raise self.failures.pop(0)
        for key in sorted(key for key in self.objects if key.startswith(prefix) and key > start_after):
            body = self.objects[key]
            etag = md5(body, usedforsecurity=False).hexdigest()
            yield ListedObject(key, len(body), etag, self.modified.get(key))

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
