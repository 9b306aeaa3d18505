from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from flink_jobs.deploy.sweep import Leftover, leftovers, sweep, take_inventory
from flink_jobs.s3.objects import OpenUpload, StoredObject
from flink_jobs.settings import LandingSettings
from tests.fakes.flink import EPOCH, FakeObjects, metadata

SETTINGS = LandingSettings(_env_file=None)
CHECKPOINTS, SAVEPOINTS = "flink/platform-events/checkpoints", "flink/platform-events/savepoints"
LEASES = "flink/platform-events/leases"
OLD, NEW = "a" * 32, "b" * 32
LANDING = "platform-events/landing/2025/08/01/03/part-e85ca4bd91f2.7-u-0.jsonl.zst"


@dataclass
class Given:
    """A bucket, filled minute by minute."""

    bucket: FakeObjects = field(default_factory=FakeObjects)

    def put(self, key: str, minutes: float, more: bytes = b"") -> None:
        """Write an object at a minute; the later of two restore points has read more."""
        body = metadata(int(minutes), {0: int(minutes)}) + more if key.endswith("/_metadata") else more
        self.bucket.stored.append(StoredObject(key, EPOCH + timedelta(minutes=minutes), len(body)))
        self.bucket.bodies[key] = body

    def begin(self, upload_id: str, minutes: float, key: str = LANDING) -> OpenUpload:
        """Begin an upload at a minute."""
        upload = OpenUpload(key, upload_id, EPOCH + timedelta(minutes=minutes))
        self.bucket.open_uploads.append(upload)
        return upload

    def found(self, *, older: float = 10_000, savepoints: bool = False) -> list[Leftover]:
        """Return the leftovers that are older than a minute."""
        stock = take_inventory(SETTINGS, self.bucket)
        return leftovers(SETTINGS, stock, EPOCH + timedelta(minutes=older), savepoints=savepoints)

    def keys(self, *, older: float = 10_000, savepoints: bool = False) -> set[str]:
        """Return the keys and uploads that can go."""
        return {
            one.upload.upload_id if one.upload else one.key for one in self.found(older=older, savepoints=savepoints)
        }


def test_uploads_go_that_no_restore_point_names_although_two_came_after_them() -> None:
    """The restored job completes an upload that a checkpoint names, however old it is."""
    given = Given()
    given.begin("orphan", 1)
    given.begin("needed-by-newest", 1)
    given.begin("needed-by-older", 1)
    given.begin("needed-by-savepoint", 1)
    given.put(f"{SAVEPOINTS}/savepoint-aaaaaa-1/_metadata", 5, b"needed-by-savepoint")
    given.put(f"{CHECKPOINTS}/{NEW}/chk-1/_metadata", 10, b"needed-by-older")
    given.put(f"{CHECKPOINTS}/{NEW}/chk-2/_metadata", 20)
    given.put(f"{CHECKPOINTS}/{NEW}/chk-2/state", 20, b"..needed-by-newest..")
    assert {"orphan"} == given.keys()


def test_what_the_running_job_uploads_stays() -> None:
    """It may have begun while the newest checkpoint was written, so the one before decides, with a margin."""
    given = Given()
    given.put(f"{CHECKPOINTS}/{NEW}/chk-1/_metadata", 10)
    given.put(f"{CHECKPOINTS}/{NEW}/chk-2/_metadata", 20)
    for minute in (9.5, 15, 25):
        given.begin(f"begun-{minute}", minute)
    given.begin("begun-8", 8)
    assert {"begun-8"} == given.keys()


def test_an_upload_is_as_old_as_its_first_part() -> None:
    """Some servers report every upload as begun just now."""
    given = Given()
    given.put(f"{CHECKPOINTS}/{NEW}/chk-1/_metadata", 10)
    given.put(f"{CHECKPOINTS}/{NEW}/chk-2/_metadata", 20)
    given.begin("orphan", 30)
    assert set() == given.keys()
    given.bucket.part_times["orphan"] = EPOCH + timedelta(minutes=1)
    assert [EPOCH + timedelta(minutes=1)] == [one.since for one in given.found()]


def test_without_two_restore_points_no_upload_goes() -> None:
    given = Given()
    given.begin("unknown", 1)
    assert set() == given.keys()
    given.put(f"{CHECKPOINTS}/{NEW}/chk-1/_metadata", 10)
    assert set() == given.keys()


def test_the_least_age_holds_for_uploads_checkpoints_and_savepoints() -> None:
    given = Given()
    given.begin("orphan", 1)
    given.put(f"{CHECKPOINTS}/{OLD}/chk-1/_metadata", 2)
    given.put(f"{SAVEPOINTS}/savepoint-aaaaaa-1/_metadata", 3)
    given.put(f"{CHECKPOINTS}/{NEW}/chk-2/_metadata", 20)
    everything = {"orphan", f"{CHECKPOINTS}/{OLD}/chk-1/_metadata", f"{SAVEPOINTS}/savepoint-aaaaaa-1/_metadata"}
    assert everything == given.keys(savepoints=True)
    assert {"orphan"} == given.keys(older=1.5, savepoints=True)
    assert set() == given.keys(older=0.5, savepoints=True)


def test_checkpoints_of_former_jobs_go_and_those_of_the_newest_stay() -> None:
    """The whole folder of the newest job stays, because a newer checkpoint may use files of an older one."""
    given = Given()
    given.put(f"{CHECKPOINTS}/{OLD}/chk-1/_metadata", 1)
    given.put(f"{CHECKPOINTS}/{OLD}/shared/file", 1)
    given.put(f"{CHECKPOINTS}/{NEW}/chk-1/_metadata", 2)
    given.put(f"{CHECKPOINTS}/{NEW}/shared/file", 2)
    given.put(f"{CHECKPOINTS}/{NEW}/chk-2/_metadata", 3)
    assert {f"{CHECKPOINTS}/{OLD}/chk-1/_metadata", f"{CHECKPOINTS}/{OLD}/shared/file"} == given.keys()


def test_a_file_that_the_newest_restore_point_names_stays() -> None:
    given = Given()
    shared = f"{CHECKPOINTS}/{OLD}/shared/file"
    given.put(f"{CHECKPOINTS}/{OLD}/chk-1/_metadata", 1)
    given.put(shared, 1)
    given.put(f"{CHECKPOINTS}/{NEW}/chk-2/_metadata", 3, f"s3://hourglass/{shared}".encode())
    assert {f"{CHECKPOINTS}/{OLD}/chk-1/_metadata"} == given.keys()


def test_the_newest_restore_point_never_goes() -> None:
    """A job that ended with a savepoint can continue from nothing else."""
    given = Given()
    given.put(f"{CHECKPOINTS}/{OLD}/chk-1/_metadata", 1)
    given.put(f"{SAVEPOINTS}/savepoint-aaaaaa-1/_metadata", 2)
    given.put(f"{SAVEPOINTS}/savepoint-aaaaaa-2/_metadata", 3)
    assert set() == given.keys()
    assert {f"{SAVEPOINTS}/savepoint-aaaaaa-1/_metadata"} == given.keys(savepoints=True)


def test_leases_below_the_highest_go() -> None:
    given = Given()
    for number in (3, 4, 12):
        given.put(f"{LEASES}/{number:08d}.json", 1, b"{}")
    assert {f"{LEASES}/00000003.json", f"{LEASES}/00000004.json"} == given.keys(older=0)


def test_the_sweep_aborts_uploads_removes_objects_and_touches_nothing_that_has_landed() -> None:
    given = Given()
    orphan = given.begin("orphan", 1)
    kept = given.begin("needed", 1)
    given.put(f"{CHECKPOINTS}/{OLD}/chk-1/_metadata", 3)
    for key in (LANDING, LANDING.replace("landing", "rejected"), LANDING.replace("landing", "ledger")):
        given.put(key, 0)
    given.put("platform-events/seals/2025/08/01/03/r0001.json", 0)
    given.put(f"{CHECKPOINTS}/{NEW}/chk-2/_metadata", 6, b"needed")
    said: list[str] = []
    assert 2 == sweep(given.bucket, given.found(), said.append)
    assert ([orphan], [kept]) == (given.bucket.aborted, given.bucket.open_uploads)
    assert [f"{CHECKPOINTS}/{OLD}/chk-1/_metadata"] == given.bucket.deleted
    assert [] == given.found()
