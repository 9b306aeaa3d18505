"""Clean up between taking the lease and starting to read: abort uploads that no restore point needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from flink_jobs.contracts.layout import Kind
from flink_jobs.lease.acquire import LeaseObjects
from flink_jobs.s3.objects import OpenUpload, StoredObject
from flink_jobs.settings import LandingSettings


class StreamObjects(LeaseObjects, Protocol):
    """See `Bucket`."""

    def objects(self, prefix: str, after: str = "") -> Iterator[StoredObject]:
        """List all objects below a prefix whose keys come after another one."""
        ...

    def directories(self, prefix: str) -> list[str]:
        """List the directories directly below a prefix."""
        ...

    def chunks(self, key: str) -> Iterator[bytes]:
        """Read an object in pieces."""
        ...

    def uploads(self, prefix: str) -> Iterator[OpenUpload]:
        """List the open multipart uploads below a prefix."""
        ...

    def abort(self, upload: OpenUpload) -> None:
        """End an upload without an object."""
        ...

    def complete(self, upload: OpenUpload) -> None:
        """Make an object of the parts that an upload has stored."""
        ...

    def parts(self, upload: OpenUpload) -> list[StoredObject]:
        """List the parts that an upload has stored so far."""
        ...


def abort_orphaned_uploads(
    settings: LandingSettings, bucket: StreamObjects, restorable: Iterable[bytes], report: Callable[[str], None]
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


def stream_uploads(settings: LandingSettings, bucket: StreamObjects) -> Iterator[OpenUpload]:
    """List the open uploads of what a job writes: lines, ledger, checkpoints."""
    kinds = (settings.layout.prefix(kind) for kind in (Kind.LANDING, Kind.REJECTED, Kind.LEDGER))
    for prefix in (*kinds, settings.checkpoint_prefix, settings.savepoint_prefix):
        yield from bucket.uploads(prefix)


def orphaned(uploads: Iterable[OpenUpload], restorable: Iterable[bytes]) -> list[OpenUpload]:
    """Return the uploads that no restorable state names."""
    states = list(restorable)
    return [upload for upload in uploads if not any(upload.upload_id.encode() in state for state in states)]
