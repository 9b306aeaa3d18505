"""Compare the compacted days of the ledger with their objects, for `hourglass ledger check`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from flink_jobs.audit.audit import READERS
from flink_jobs.audit.findings import Code, Finding
from flink_jobs.contracts.layout import StreamLayout
from flink_jobs.s3.objects import Objects
from orchestration.landing.clients.s3 import ListedObject
from orchestration.landing.errors import BucketRefusedError
from orchestration.landing.verification.days import wrong_days


def day_findings(objects: Objects, layout: StreamLayout) -> Iterator[Finding]:
    """Add up every compacted day again from its objects, and iterate over those that differ from it."""
    for found in wrong_days(ObjectsOfDays(objects), layout):
        yield Finding(Code.DAY_DIFFERS, found.where, found.what)


@dataclass(frozen=True)
class ObjectsOfDays:
    """The bucket of the command, as the orchestration reads a bucket."""

    objects: Objects

    def list(self, prefix: str, start_after: str = "") -> Iterator[ListedObject]:
        """List the objects below a prefix."""
        for found in self.objects.objects(prefix, start_after):
            yield ListedObject(found.key, found.bytes, found.etag, found.modified)

    def get(self, keys: Sequence[str]) -> tuple[bytes, ...]:
        """Fetch whole objects."""
        found = self.get_present(keys)
        bodies = tuple(body for body in found if body is not None)
        if len(bodies) < len(found):
            raise BucketRefusedError(f"no object {keys[found.index(None)]}")
        return bodies

    def get_present(self, keys: Sequence[str]) -> tuple[bytes | None, ...]:
        """Fetch whole objects; None for each one that is not there."""
        with ThreadPoolExecutor(READERS) as pool:
            return tuple(pool.map(self.objects.read, keys))

    def put_if_absent(self, key: str, body: bytes) -> bool:
        """Write an object unless the key exists."""
        return self.objects.create(key, body)
