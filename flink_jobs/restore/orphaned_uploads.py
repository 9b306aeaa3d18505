"""The time for which a job holds its stream: what its own process does before it starts to read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from flink_jobs.contracts.layout import Kind
from flink_jobs.errors import RestoreRefusedError
from flink_jobs.restore.points import RestorePoint, restore_points
from flink_jobs.s3.objects import Objects, OpenUpload, StoredObject
from flink_jobs.settings import LandingSettings, StartingOffsets

POINTS_READ = 2
"""Checkpoints and savepoints, the newest first, whose uploads are kept: the one that is restored is among them."""


def state_objects(settings: LandingSettings, bucket: Objects) -> list[StoredObject]:
    """List every object of the stream's checkpoints and savepoints."""
    return [*bucket.objects(settings.checkpoint_prefix), *bucket.objects(settings.savepoint_prefix)]


def newest_points(settings: LandingSettings, bucket: Objects) -> list[RestorePoint]:
    """Find the restore points of the stream, the newest last."""
    return restore_points(state_objects(settings, bucket))


def end_uploads_of_the_former(
    settings: LandingSettings, bucket: Objects, report: Callable[[str], None]
) -> list[OpenUpload]:
    """Abort what a former job began and nobody will finish; call it only with the lease, before the job starts.

    Until the job starts, every open upload of the stream is of a former one. Those that the newest restore points
    name are waiting for the restored job, which completes them; a checkpoint holds their ids as plain bytes. The rest
    is what was read again after the restore: would a former job that was only paused complete one of them later, its
    records would land twice. This also ends checkpoints that a paused job was about to complete.
    """
    points = newest_points(settings, bucket)[-POINTS_READ:]
    orphans = orphaned(stream_uploads(settings, bucket), [contents(bucket, point.key) for point in points])
    for orphan in orphans:
        bucket.abort(orphan)
    if orphans:
        report(f"aborted {len(orphans)} uploads that a former job left unfinished")
    return orphans


def require_restore_point(settings: LandingSettings, bucket: Objects) -> None:
    """Refuse to go on when a restore point is newer than the one that the job was started from.

    A checkpoint may complete in the moment in which its job is killed, after the start has looked.
    """
    points = newest_points(settings, bucket)
    newest = settings.url(points[-1].key) if points else None
    begins_anew = settings.restored_from is None and settings.starting_offsets is StartingOffsets.EARLIEST
    if newest and (begins_anew or settings.restored_from not in {None, newest}):
        raise RestoreRefusedError(
            f"{newest} was completed after this start had chosen {settings.restored_from or 'to begin anew'}: "
            "start again, it continues from there"
        )


def stream_uploads(settings: LandingSettings, bucket: Objects) -> Iterator[OpenUpload]:
    """List the open uploads of what a job writes: lines, ledger, checkpoints."""
    kinds = (settings.layout.prefix(kind) for kind in (Kind.LANDING, Kind.REJECTED, Kind.LEDGER))
    for prefix in (*kinds, settings.checkpoint_prefix, settings.savepoint_prefix):
        yield from bucket.uploads(prefix)


def orphaned(uploads: Iterable[OpenUpload], restorable: Iterable[bytes]) -> list[OpenUpload]:
    """Find the uploads that no restorable state names."""
    states = list(restorable)
    return [upload for upload in uploads if not any(upload.upload_id.encode() in state for state in states)]


def contents(bucket: Objects, directory: str) -> bytes:
    """Read all files of one checkpoint or savepoint, one after the other."""
    return b"\n".join(bucket.read(stored.key) or b"" for stored in bucket.objects(f"{directory}/"))
