"""Find and remove what former jobs left below the prefixes of a stream: uploads, checkpoints, leases.

Never an object of `landing/`, `rejected/`, `ledger/`, `seals/` or `published/`: what is finished is never taken back.
Finding is pure; `sweep` writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from flink_jobs.lease.record import lease_number
from flink_jobs.restore.orphaned_uploads import orphaned, stream_uploads
from flink_jobs.restore.points import Origin, RestorePoint, find_points, sound
from flink_jobs.s3.objects import Objects, OpenUpload, StoredObject
from flink_jobs.settings import LandingSettings

MARGIN = timedelta(minutes=1)
"""Between a restore point and what was begun before it: clocks of a bucket's servers differ a little."""
POINTS_MIN = 2


class What(StrEnum):
    """What a leftover is."""

    UPLOAD = "upload"
    CHECKPOINT = "checkpoint"
    SAVEPOINT = "savepoint"
    LEASE = "lease"


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing that nobody needs any more. `since` is when it was begun or written; `upload` is set for an upload."""

    what: What
    key: str
    since: datetime
    size_bytes: int
    why: str
    upload: OpenUpload | None = None


@dataclass(frozen=True, slots=True)
class Inventory:
    """What lies below the prefixes of a stream.

    Args:
        objects: of checkpoints, savepoints and leases.
        points: restore points, the newest last; damaged ones, too: what they name stays.
        uploads: open ones, with the bytes that each has stored.
    """

    objects: Sequence[StoredObject]
    points: Sequence[RestorePoint]
    uploads: Sequence[tuple[OpenUpload, int]]


def take_inventory(settings: LandingSettings, bucket: Objects) -> Inventory:
    """Look at everything once: uploads first, so that what is committed meanwhile is only missing."""
    uploads = [_measured(upload, bucket.parts(upload)) for upload in stream_uploads(settings, bucket)]
    prefixes = (settings.checkpoint_prefix, settings.savepoint_prefix, settings.lease_prefix)
    objects = [stored for prefix in prefixes for stored in bucket.objects(prefix)]
    return Inventory(objects, find_points(settings, bucket), uploads)


def _measured(upload: OpenUpload, parts: Sequence[StoredObject]) -> tuple[OpenUpload, int]:
    """Add up the parts of an upload. It began no later than its first part: s3proxy returns the current time."""
    begun = min([upload.begun, *(part.modified for part in parts)])
    return replace(upload, begun=begun), sum(part.bytes for part in parts)


def leftovers(
    settings: LandingSettings,
    stock: Inventory,
    before: datetime,
    *,
    savepoints: bool = False,
    margin: timedelta = MARGIN,
) -> list[Leftover]:
    """Find what can go, by key.

    Args:
        settings: of the job.
        stock: what is there.
        before: only what is older goes; leases that somebody took over always go.
        savepoints: also savepoints that are not the newest restore point.
        margin: see `MARGIN`.
    """
    found = [
        *_uploads(stock, before, margin),
        *_former_checkpoints(settings, stock, before),
        *(_former_savepoints(stock, before) if savepoints else ()),
        *_former_leases(stock),
    ]
    return sorted(found, key=lambda leftover: (leftover.what, leftover.key))


def sweep(bucket: Objects, found: Iterable[Leftover], report: Callable[[str], None]) -> int:
    """Abort the uploads and remove the objects that were found; return how many. May be cut off and run again."""
    swept = 0
    for leftover in found:
        if leftover.upload:
            bucket.abort(leftover.upload)
        else:
            bucket.delete(leftover.key)
        swept += 1
        report(f"swept {leftover.what} {leftover.key}")
    return swept


def _uploads(stock: Inventory, before: datetime, margin: timedelta) -> list[Leftover]:
    """Find uploads that nobody can complete: old, and in no restore point although two came after them.

    An upload ends with the first checkpoint whose barrier follows it, and that one names it. The job may begin one
    while a checkpoint is being written, hence the one before the newest decides. With fewer nothing goes.
    """
    if len(stock.points) < POINTS_MIN:
        return []
    begun_before = min(before, stock.points[-POINTS_MIN].modified - margin)
    sizes = dict(stock.uploads)
    return [
        Leftover(What.UPLOAD, upload.key, upload.begun, sizes[upload], "no checkpoint or savepoint needs it", upload)
        for upload in orphaned(sizes, (point.state for point in stock.points))
        if upload.begun < begun_before
    ]


def _former_checkpoints(settings: LandingSettings, stock: Inventory, before: datetime) -> list[Leftover]:
    """Find the checkpoint folders of jobs that are over: restoring one of them would land records twice.

    The folder of the newest checkpoint stays even when a savepoint is newer: it is the running job's, or the last's.
    """
    points = sound(stock.points)
    checkpoints = [point for point in points if point.origin is Origin.CHECKPOINT]
    if not checkpoints:
        return []
    kept = _folder(settings.checkpoint_prefix, checkpoints[-1].key)
    newest = points[-1]
    why = f"of a former job, older than {newest.key}"
    return [
        Leftover(What.CHECKPOINT, stored.key, stored.modified, stored.bytes, why)
        for stored in stock.objects
        if stored.key.startswith(settings.checkpoint_prefix)
        and _folder(settings.checkpoint_prefix, stored.key) != kept
        and stored.modified < min(before, newest.modified)
        and stored.key.encode() not in newest.state
    ]


def _former_savepoints(stock: Inventory, before: datetime) -> list[Leftover]:
    newest = max(sound(stock.points), key=lambda point: point.order, default=None)
    former = {point.key for point in stock.points if point.origin is Origin.SAVEPOINT and point != newest}
    return [
        Leftover(What.SAVEPOINT, stored.key, stored.modified, stored.bytes, "older than the newest restore point")
        for stored in stock.objects
        if stored.key.rpartition("/")[0] in former and stored.modified < before
    ]


def _former_leases(stock: Inventory) -> list[Leftover]:
    """Find leases below the highest: only the highest counts, whatever their age."""
    leases = [stored for stored in stock.objects if lease_number(stored)]
    highest = max(map(lease_number, leases), default=0)
    return [
        Leftover(What.LEASE, stored.key, stored.modified, stored.bytes, f"lease {highest} holds the stream")
        for stored in leases
        if lease_number(stored) < highest
    ]


def _folder(prefix: str, key: str) -> str:
    """Name the folder of the job that a checkpoint's key belongs to."""
    return key.removeprefix(prefix).partition("/")[0]
