"""Find the restore points of a stream: its complete checkpoints and savepoints, ordered by what they hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from flink_jobs.contracts.ledger import TopicIdentity, TopicPartition
from flink_jobs.restore.metadata import checkpoint_id, damage, identities, positions
from flink_jobs.s3.objects import Objects, StoredObject
from flink_jobs.settings import LandingSettings

_CHECKPOINT = re.compile(r".*/(?P<job>[0-9a-f]{32})/chk-(?P<number>\d+)/_metadata")
_SAVEPOINT = re.compile(r".*/savepoint-(?P<job>[0-9a-f]{6})-[0-9a-f]+/_metadata")


class Origin(IntEnum):
    """What a restore point is. Of two with the same records the savepoint is the later one: it ended its job."""

    CHECKPOINT = 0
    SAVEPOINT = 1


@dataclass(frozen=True, slots=True)
class RestorePoint:
    """A checkpoint or savepoint with a `_metadata`, which Flink writes last.

    Attributes:
        key: its directory, without a slash.
        origin: which of the two it is.
        job: id of the job that wrote it; its first six digits for a savepoint.
        number: Flink's number of it, which a restored job counts on from; -1 where `_metadata` is cut.
        positions: offset at which a restored job reads on; partitions without a record are absent.
        topics: every topic with a partition in it, read or not.
        identities: of the topics; absent in a point of an earlier release.
        problem: why Flink cannot restore it; None where it can.
        modified: when its `_metadata` was written, by the bucket's clock. Nothing is ordered by it.
        state: content of all its files, which name the uploads that a restore completes.
    """

    key: str
    origin: Origin
    job: str
    number: int
    positions: Mapping[TopicPartition, int]
    topics: frozenset[str]
    identities: Mapping[str, TopicIdentity]
    problem: str | None
    modified: datetime
    state: bytes = field(repr=False)

    @property
    def order(self) -> tuple[int, int, Origin]:
        """Sort key: records read, then number, then origin. Of two points the greater one is the newer one."""
        return sum(self.positions.values()), self.number, self.origin

    def is_of(self, job_id: str) -> bool:
        """Return whether that job wrote it."""
        return job_id.startswith(self.job)


def find_points(settings: LandingSettings, bucket: Objects) -> list[RestorePoint]:
    """Read every restore point of the stream, the newest last; one with a `problem` has lost what it held."""
    objects = [*bucket.objects(settings.checkpoint_prefix), *bucket.objects(settings.savepoint_prefix)]
    listing = _Listing(settings, bucket, objects, {settings.url(stored.key): stored.bytes for stored in objects})
    return sorted(map(listing.read_point, complete_points(objects)), key=lambda point: point.order)


def sound(points: Iterable[RestorePoint]) -> list[RestorePoint]:
    """Return those that Flink can restore, in their order."""
    return [point for point in points if not point.problem]


def has_checkpoint_of(settings: LandingSettings, bucket: Objects, job_id: str) -> bool:
    """Return whether a job has completed a checkpoint; with high availability Flink then resumes it from there."""
    return bool(complete_points(bucket.objects(f"{settings.checkpoint_prefix}{job_id}/")))


def remove_points(settings: LandingSettings, bucket: Objects) -> int:
    """Delete every restore point of the stream, its files included; return the number of objects."""
    keys = [
        stored.key
        for prefix in (settings.checkpoint_prefix, settings.savepoint_prefix)
        for stored in bucket.objects(prefix)
    ]
    for key in keys:
        bucket.delete(key)
    return len(keys)


def complete_points(objects: Iterable[StoredObject]) -> list[StoredObject]:
    """Return the `_metadata` of each complete checkpoint and savepoint."""
    return [stored for stored in objects if _CHECKPOINT.fullmatch(stored.key) or _SAVEPOINT.fullmatch(stored.key)]


@dataclass(frozen=True, slots=True)
class _Listing:
    """Every object of the checkpoints and savepoints of a stream."""

    settings: LandingSettings
    bucket: Objects
    objects: list[StoredObject]
    sizes_bytes: Mapping[str, int]

    def read_point(self, stored: StoredObject) -> RestorePoint:
        key = stored.key.removesuffix("/_metadata")
        metadata = self.bucket.read(stored.key)
        state = b"\n".join([metadata or b"", *self._files(key)])
        found = positions(state)
        checkpoint, savepoint = _CHECKPOINT.fullmatch(stored.key), _SAVEPOINT.fullmatch(stored.key)
        return RestorePoint(
            key=key,
            origin=Origin.CHECKPOINT if checkpoint else Origin.SAVEPOINT,
            job=(checkpoint or savepoint)["job"],  # type: ignore[index]  # one of the two
            number=int(checkpoint["number"]) if checkpoint else checkpoint_id(metadata or b""),
            positions={at: offset for at, offset in found.items() if offset >= 0},
            topics=frozenset(topic for topic, _ in found),
            identities=identities(state),
            problem=self._problem(key, metadata) or (None if found else "it names no source partition"),
            modified=stored.modified,
            state=state,
        )

    def _files(self, key: str) -> Iterator[bytes]:
        for stored in self.objects:
            if stored.key.startswith(f"{key}/") and not stored.key.endswith("/_metadata"):
                yield self.bucket.read(stored.key) or b""

    def _problem(self, key: str, metadata: bytes | None) -> str | None:
        return damage(self.settings.url(key), metadata, self.sizes_bytes)
