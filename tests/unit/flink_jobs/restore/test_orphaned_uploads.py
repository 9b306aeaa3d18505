from __future__ import annotations

from datetime import timedelta

import pytest

from flink_jobs.errors import RestoreRefusedError
from flink_jobs.restore.orphaned_uploads import end_uploads_of_the_former, require_restore_point
from flink_jobs.s3.objects import OpenUpload, StoredObject
from flink_jobs.settings import LandingSettings, StartingOffsets
from tests.fakes.flink import EPOCH, METADATA, FakeObjects

JOB = "b" * 32
CHECKPOINTS = f"flink/platform-events/checkpoints/{JOB}"
SETTINGS = LandingSettings(_env_file=None, starting_offsets=StartingOffsets.EARLIEST)


def bucket_with(*checkpoints: tuple[str, bytes]) -> FakeObjects:
    """Make a bucket with checkpoints, each a second after the one before."""
    bucket = FakeObjects()
    for second, (name, state) in enumerate(checkpoints):
        key = f"{CHECKPOINTS}/{name}/_metadata"
        bucket.stored.append(StoredObject(key, EPOCH + timedelta(seconds=second)))
        bucket.bodies[key] = METADATA + state
    return bucket


def upload(key: str, upload_id: str) -> OpenUpload:
    return OpenUpload(key, upload_id, EPOCH)


def test_what_no_restorable_checkpoint_names_is_aborted() -> None:
    """Lines, rejects, ledger, and a checkpoint that the former job was about to complete; nobody else's keys."""
    bucket = bucket_with(("chk-1", b"long-ago"), ("chk-2", b"kept-2"), ("chk-3", b"kept-3"))
    prefixes = ("platform-events/landing/", "platform-events/rejected/", "platform-events/ledger/", f"{CHECKPOINTS}/")
    orphans = [upload(f"{prefix}o", f"orphan of {prefix}") for prefix in prefixes]
    needed = [upload("platform-events/landing/n", "kept-2"), upload("platform-events/ledger/n", "kept-3")]
    foreign = [upload("other-stream/landing/n", "x"), upload("platform-events/seals/n", "y")]
    bucket.open_uploads = [*orphans, *needed, *foreign, upload("platform-events/landing/l", "long-ago")]
    said: list[str] = []
    assert {one.upload_id for one in orphans} | {"long-ago"} == {
        one.upload_id for one in end_uploads_of_the_former(SETTINGS, bucket, said.append)
    }
    assert [*needed, *foreign] == bucket.open_uploads
    assert ["aborted 5 uploads that a former job left unfinished"] == said


def test_a_state_file_beside_the_metadata_names_uploads_too() -> None:
    bucket = bucket_with(("chk-1", b""))
    bucket.put(f"{CHECKPOINTS}/chk-1/0123", b"..in-a-file..")
    bucket.open_uploads = [upload("platform-events/landing/n", "in-a-file")]
    assert [] == end_uploads_of_the_former(SETTINGS, bucket, print)


@pytest.mark.parametrize("chosen", [None, "chk-1"])
def test_a_checkpoint_that_completed_after_the_start_had_looked_is_not_passed_over(chosen: str | None) -> None:
    """The kill came after its last byte was sent: what it says has landed would land again."""
    settings = SETTINGS.model_copy(update={"restored_from": chosen and SETTINGS.url(f"{CHECKPOINTS}/{chosen}")})
    with pytest.raises(RestoreRefusedError, match=r"chk-2 was completed after this start.*start again"):
        require_restore_point(settings, bucket_with(("chk-1", b""), ("chk-2", b"")))


@pytest.mark.parametrize("checkpoints", [(), ("chk-1", "chk-2")])
def test_the_restore_point_that_is_still_the_newest_is_right(checkpoints: tuple[str, ...]) -> None:
    chosen = SETTINGS.url(f"{CHECKPOINTS}/{checkpoints[-1]}") if checkpoints else None
    settings = SETTINGS.model_copy(update={"restored_from": chosen})
    require_restore_point(settings, bucket_with(*((name, b"") for name in checkpoints)))


def test_a_start_from_offsets_has_chosen_to_pass_over_checkpoints() -> None:
    settings = SETTINGS.model_copy(update={"starting_offsets": StartingOffsets.GROUP})
    require_restore_point(settings, bucket_with(("chk-1", b"")))
