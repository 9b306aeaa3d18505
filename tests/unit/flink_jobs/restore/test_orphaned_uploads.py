from __future__ import annotations

from flink_jobs.restore.orphaned_uploads import abort_orphaned_uploads
from flink_jobs.s3.objects import OpenUpload
from flink_jobs.settings import LandingSettings
from tests.fakes.flink import EPOCH, FakeObjects

CHECKPOINTS = "flink/platform-events/checkpoints/" + "b" * 32
SETTINGS = LandingSettings(_env_file=None)


def upload(key: str, upload_id: str) -> OpenUpload:
    return OpenUpload(key, upload_id, EPOCH)


def test_uploads_that_no_restorable_state_names_are_aborted() -> None:
    """Uploads of lines, rejects, ledger, and the former job's checkpoint are aborted; other streams keep theirs."""
    prefixes = ("platform-events/landing/", "platform-events/rejected/", "platform-events/ledger/", f"{CHECKPOINTS}/")
    orphans = [upload(f"{prefix}o", f"orphan of {prefix}") for prefix in prefixes]
    needed = [upload("platform-events/landing/n", "needed-1"), upload("platform-events/ledger/n", "needed-2")]
    foreign = [upload("other-stream/landing/n", "x"), upload("platform-events/seals/n", "y")]
    bucket = FakeObjects(open_uploads=[*orphans, *needed, *foreign])
    said: list[str] = []
    aborted = abort_orphaned_uploads(SETTINGS, bucket, [b"..needed-1..", b"needed-2"], said.append)
    assert set(orphans) == set(aborted)
    assert [*needed, *foreign] == bucket.open_uploads
    assert ["aborted 4 uploads that a former job left unfinished"] == said


def test_nothing_is_said_where_nothing_is_open() -> None:
    said: list[str] = []
    abort_orphaned_uploads(SETTINGS, FakeObjects(), [], said.append)
    assert [] == said
