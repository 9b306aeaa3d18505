"""Clean up between taking the lease and starting to read: abort uploads that no restore point needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from flink_jobs.contracts.layout import Kind
from flink_jobs.s3.objects import Objects, OpenUpload
from flink_jobs.settings import LandingSettings


def abort_orphaned_uploads(
    settings: LandingSettings, bucket: Objects, restorable: Iterable[bytes], report: Callable[[str], None]
) -> list[OpenUpload]:
    """Abort every open upload that no restorable state names; call it with the lease, before the job starts.

    Until the job starts, every open upload of the stream is of a former one. The restored job completes those that
    its state names; the records of the others are read again. If a former job that was only paused completed one of
    these later, its records would land twice. This also ends checkpoints that such a job was about to complete.

    Args:
        settings: of the job.
        bucket: of the stream.
        restorable: content of each restore point whose uploads stay open; a checkpoint holds their ids as plain bytes.
        report: gets a line when something was aborted.
    """
    orphans = orphaned(stream_uploads(settings, bucket), restorable)
    for orphan in orphans:
        bucket.abort(orphan)
    if orphans:
        report(f"aborted {len(orphans)} uploads that a former job left unfinished")
    return orphans


def stream_uploads(settings: LandingSettings, bucket: Objects) -> Iterator[OpenUpload]:
    """List the open uploads of what a job writes: lines, ledger, checkpoints."""
    kinds = (settings.layout.prefix(kind) for kind in (Kind.LANDING, Kind.REJECTED, Kind.LEDGER))
    for prefix in (*kinds, settings.checkpoint_prefix, settings.savepoint_prefix):
        yield from bucket.uploads(prefix)


def orphaned(uploads: Iterable[OpenUpload], restorable: Iterable[bytes]) -> list[OpenUpload]:
    """Return the uploads that no restorable state names."""
    states = list(restorable)
    return [upload for upload in uploads if not any(upload.upload_id.encode() in state for state in states)]
