"""A bucket of any size that counts requests: its bodies are made when they are fetched."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import md5
from threading import Lock

from orchestration.landing.clients.s3 import ListedObject
from orchestration.landing.errors import BucketRefusedError

PAGE_KEYS = 1_000
"""Keys of one page of a listing, as S3 has them."""


@dataclass
class CountingBucket:
    """Hold keys, and make bodies from them.

    Args:
        keys: in their order.
        make: returns the body of a key that was not put.
        requests: LIST pages, GET and PUT requests.
        fetched: keys of the GET requests.
    """

    keys: list[str]
    make: Callable[[str], bytes]
    objects: dict[str, bytes] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    fetched: list[str] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def list(self, prefix: str, start_after: str = "") -> Iterator[ListedObject]:
        """Iterate over the objects below a prefix; each page is counted when its first key is needed."""
        at = max(bisect_left(self.keys, prefix), bisect_right(self.keys, start_after))
        self._count("LIST")
        for number, key in enumerate(_from(self.keys, at)):
            if not key.startswith(prefix):
                return
            if number and number % PAGE_KEYS == 0:
                self._count("LIST")
            yield ListedObject(key, 100, md5(key.encode(), usedforsecurity=False).hexdigest())

    def get(self, keys: Sequence[str]) -> tuple[bytes, ...]:
        """Fetch objects."""
        found = self.get_present(keys)
        if None in found:
            raise BucketRefusedError(f"no object {keys[found.index(None)]}")
        return tuple(body for body in found if body is not None)

    def get_present(self, keys: Sequence[str]) -> tuple[bytes | None, ...]:
        """Fetch objects; None for each one that is not there."""
        if keys:
            self._count("GET", len(keys))
        self.fetched += keys
        return tuple(self._body(key) for key in keys)

    def put_if_absent(self, key: str, body: bytes) -> bool:
        """Write an object unless it is there."""
        self._count("PUT")
        if self._has(key):
            return False
        insort(self.keys, key)
        self.objects[key] = body
        return True

    def _count(self, kind: str, requests: int = 1) -> None:
        """Count requests; several threads list at the same time."""
        with self._lock:
            self.requests[kind] += requests

    def _body(self, key: str) -> bytes | None:
        if key in self.objects:
            return self.objects[key]
        return self.make(key) if self._has(key) else None

    def _has(self, key: str) -> bool:
        at = bisect_left(self.keys, key)
        return at < len(self.keys) and self.keys[at] == key


def _from(keys: list[str], at: int) -> Iterator[str]:
    return (keys[n] for n in range(at, len(keys)))
