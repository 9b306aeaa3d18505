from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from flink_jobs.contracts.layout import Kind
from flink_jobs.errors import LandingJobError, RestoreRefusedError, TopicChangedError
from flink_jobs.restore.choose import choose_point
from flink_jobs.restore.topics import Topics
from flink_jobs.s3.objects import StoredObject
from flink_jobs.settings import LandingSettings
from producers.kafka import OffsetRange
from tests.fakes.broker_reader import NEW_TOPIC_ID, TOPIC_ID, FakeBrokerReader
from tests.fakes.flink import EPOCH, FakeObjects, metadata
from tests.fakes.landed import LandedBucket

OLD, NEW = "b" * 32, "c" * 32
CHECKPOINTS, SAVEPOINTS = "flink/platform-events/checkpoints", "flink/platform-events/savepoints"
SETTINGS = LandingSettings(_env_file=None, topic="t")
E1, E2 = "e85ca4bd91f2.7", "e85ca4bd91f2.8"


@dataclass
class Given:
    """A bucket of topic `t`: landed objects and restore points."""

    bucket: FakeObjects = field(default_factory=FakeObjects)
    landed: LandedBucket = field(default_factory=LandedBucket)
    broker: FakeBrokerReader = field(
        default_factory=lambda: FakeBrokerReader({0: OffsetRange(0, 1000), 1: OffsetRange(0, 1000)})
    )

    def checkpoint(  # noqa: PLR0913 - the content of a checkpoint
        self,
        name: str,
        positions: dict[int, int],
        *,
        job: str = OLD,
        second: float = 0,
        more: bytes = b"",
        topic_id: str = "",
    ) -> str:
        """Write a checkpoint with the number in its name."""
        key = f"{CHECKPOINTS}/{job}/{name}"
        return self.point(key, metadata(int(name.removeprefix("chk-")), positions, "t", topic_id) + more, second)

    def savepoint(self, name: str, number: int, positions: dict[int, int], *, second: float = 0) -> str:
        """Write a savepoint."""
        return self.point(f"{SAVEPOINTS}/savepoint-{name}", metadata(number, positions, "t"), second)

    def point(self, key: str, body: bytes, second: float = 0) -> str:
        """Write any restore point; the bucket's clock says `second`."""
        self.bucket.stored.append(StoredObject(f"{key}/_metadata", EPOCH + timedelta(seconds=second), len(body)))
        self.bucket.bodies[f"{key}/_metadata"] = body
        return SETTINGS.url(key)

    def land(  # noqa: PLR0913 - the fields of an entry
        self, epoch: str, first: int, last: int, *, partition: int = 0, job: str = OLD, topic_id: str = ""
    ) -> dict[str, bytes]:
        """Land offsets as one epoch, its ledger entry included."""
        put = self.landed.land(epoch, first, last, partition=partition, job=job, topic_id=topic_id)
        for key, body in put.items():
            self.bucket.put(key, body)
        return put

    def choose(self, path: str | None = None, resumed_job: str | None = None) -> str | None:
        """Choose."""
        point = choose_point(SETTINGS, self.bucket, Topics.of(SETTINGS, self.broker), path, resumed_job)
        return SETTINGS.url(point.key) if point else None

    def refusal(
        self,
        path: str | None = None,
        kind: type[LandingJobError] = RestoreRefusedError,
        resumed_job: str | None = None,
    ) -> str:
        """Return the message of the refusal."""
        with pytest.raises(kind) as refused:
            self.choose(path, resumed_job)
        return str(refused.value)


def test_a_new_stream_has_no_restore_point() -> None:
    assert Given().choose() is None


def test_what_has_no_metadata_is_not_complete() -> None:
    """Flink writes `_metadata` last."""
    given = Given()
    given.bucket.put(f"{CHECKPOINTS}/{OLD}/chk-10/part", b"x")
    given.bucket.put(f"{CHECKPOINTS}/_metadata", b"x")
    assert given.choose() is None


def test_the_newest_has_read_the_most_whatever_the_clock_of_the_bucket_says() -> None:
    """A bucket that was copied, or restored from a backup, has other times, here reversed."""
    given = Given()
    newest = given.checkpoint("chk-41", {0: 30, 1: 30}, second=0)
    given.checkpoint("chk-40", {0: 20, 1: 30}, second=9)
    given.savepoint("bbbbbb-1f", 12, {0: 20}, second=99)
    given.land(E1, 0, 29)
    given.land("e85ca4bd91f3.1", 0, 29, partition=1)
    assert newest == given.choose()


def test_without_records_between_them_the_higher_number_is_newer() -> None:
    """A restored job continues the count, so this holds across jobs."""
    given = Given()
    given.checkpoint("chk-9", {0: 20})
    newest = given.checkpoint("chk-10", {0: 20}, job=NEW)
    assert newest == given.choose()


def test_of_a_checkpoint_and_the_savepoint_that_ended_its_job_the_savepoint_is_newer() -> None:
    given = Given()
    given.checkpoint("chk-10", {0: 20})
    newest = given.savepoint("bbbbbb-1f", 10, {0: 20})
    assert newest == given.choose()


def test_a_job_that_began_without_a_restore_point_counts_from_one_again() -> None:
    """After `--from-ledger` both may hold the same records; the ledger shows which job was last."""
    given = Given()
    given.checkpoint("chk-41", {0: 30})
    newest = given.checkpoint("chk-3", {0: 30}, job=NEW)
    given.land(E1, 0, 19)
    given.land(E2, 20, 29, job=NEW)
    assert newest == given.choose()


def test_a_checkpoint_from_before_the_ledger_is_refused_with_partitions_and_offsets() -> None:
    """The newest one was deleted, and the records that it had landed would land twice."""
    given = Given()
    older = given.checkpoint("chk-40", {0: 20, 1: 30})
    given.land(E1, 0, 19)
    given.land(E2, 20, 29)
    given.land("e85ca4bd91f3.1", 0, 29, partition=1)
    said = given.refusal()
    assert said.startswith(f"{older} is older than the ledger: t[0] continues at 20, landed is up to 29. ")
    assert f"job {OLD} checkpoint 7" in said
    assert f"put it back below s3://hourglass/{CHECKPOINTS}" in said
    assert "hourglass job start --from-ledger" in said
    assert "t[1]" not in said


def test_a_partition_that_only_the_ledger_knows_is_refused() -> None:
    """It would be read from its earliest record."""
    given = Given()
    given.checkpoint("chk-40", {0: 20, 1: -2})
    given.land(E1, 0, 19)
    given.land(E2, 0, 9, partition=1)
    assert "t[1] continues at 0, landed is up to 9" in given.refusal()


def test_a_checkpoint_ahead_of_the_ledger_completes_what_it_holds() -> None:
    """The job was killed before it committed; holes at the end of a partition are not in an entry either."""
    given = Given()
    newest = given.checkpoint("chk-41", {0: 35})
    given.land(E1, 0, 19)
    assert newest == given.choose()


def test_the_ledger_of_an_earlier_hour_counts_too() -> None:
    """Clocks of two machines differ, and the newest directory may hold only another partition."""
    given = Given()
    given.checkpoint("chk-40", {0: 20, 1: 10})
    given.land(E1, 0, 29)
    moved = next(key for key in given.bucket.bodies if "/ledger/2025/08/01/05/" in key)
    body = given.bucket.bodies[moved]
    given.bucket.delete(moved)
    given.bucket.put(moved.replace("/08/01/05/", "/07/31/23/"), body)
    given.land("e85ca4bd91f3.1", 0, 9, partition=1)
    assert "t[0] continues at 20, landed is up to 29" in given.refusal()


def commit_of(given: Given, epoch: str, first: int, last: int, *kinds: Kind) -> list[str]:
    """Land an epoch, and let only the objects of these kinds be visible."""
    put = given.land(epoch, first, last)
    for key in put:
        if not any(f"/{kind}/" in key for kind in kinds):
            given.bucket.delete(key)
    return [key for key in put if key in given.bucket.bodies]


def test_an_object_that_is_visible_before_its_entry_belongs_to_the_checkpoint_that_names_it() -> None:
    """The job was killed between two commits; the restored job makes the second one."""
    given = Given()
    given.land(E1, 0, 19)
    keys = commit_of(given, E2, 20, 29, Kind.LANDING)
    newest = given.checkpoint("chk-41", {0: 30}, more=" ".join(keys).encode())
    assert newest == given.choose()


def test_an_object_that_nobody_knows_is_refused() -> None:
    """The job was killed between two commits, and then the checkpoint was deleted; the ledger alone is not enough."""
    given = Given()
    older = given.checkpoint("chk-40", {0: 20})
    given.land(E1, 0, 19)
    keys = commit_of(given, E2, 20, 29, Kind.LANDING)
    said = given.refusal()
    assert said.startswith(f"{len(keys)} objects are visible that neither the ledger nor {older} knows: {keys[0]}")
    assert "--from-ledger" in said


def test_an_object_of_a_job_that_the_newest_entries_do_not_name_may_be_booked_long_ago() -> None:
    """Its epoch is looked up in older directories of the ledger."""
    given = Given()
    put = given.land("0123456789ab.3", 0, 9)
    entry = next(key for key in put if "/ledger/" in key)
    for month in ("05", "06"):
        moved = entry.replace("2025/08/01/05", f"2025/{month}/01/05").replace(
            "0123456789ab.3", f"0123456789a{month[1]}.3"
        )
        given.bucket.put(moved, put[entry])
    given.bucket.put(entry.replace("2025/08/01/05", "2025/04/01/05"), put[entry])
    given.bucket.delete(entry)
    given.land(E1, 10, 19)
    newest = given.checkpoint("chk-40", {0: 20})
    assert newest == given.choose()


def test_landed_data_without_any_restore_point_is_refused_with_its_offsets() -> None:
    given = Given()
    given.land(E1, 0, 19)
    said = given.refusal()
    assert "books t[0] up to 19, but there is no checkpoint below" in said
    assert "--from-ledger" in said


def test_an_object_without_ledger_and_checkpoint_is_refused() -> None:
    """The first checkpoint of all was deleted between its commits."""
    given = Given()
    keys = commit_of(given, E1, 0, 9, Kind.LANDING)
    assert f"does not know {keys[0]}" in given.refusal()


def test_a_given_restore_point_is_taken_when_none_is_newer() -> None:
    given = Given()
    path = given.checkpoint("chk-10", {0: 20})
    for spelled in (path, f"{path}/", path.replace("s3", "hourglass-state", 1)):
        assert path == given.choose(spelled)


def test_the_savepoint_of_an_earlier_stop_is_refused() -> None:
    given = Given()
    savepoint = given.savepoint("bbbbbb-1f", 12, {0: 20})
    newer = given.checkpoint("chk-14", {0: 30}, job=NEW)
    assert given.refusal(savepoint).startswith(
        f"{savepoint} is older than {newer}: t[0] continues at 20, landed is up to 29"
    )


@pytest.mark.parametrize("path", ["s3://elsewhere/s", "s3://hourglass/flink/other/savepoints/savepoint-bbbbbb-1"])
def test_a_savepoint_of_another_stream_is_refused(path: str) -> None:
    """Its offsets are those of other topics; the error names the folder of the right savepoints."""
    assert (
        f"no savepoint of the stream platform-events: those lie below s3://hourglass/{SAVEPOINTS}"
        in Given().refusal(path)
    )


def test_a_savepoint_that_is_not_complete_is_refused() -> None:
    given = Given()
    given.checkpoint("chk-10", {0: 20})
    assert "its _metadata is gone" in given.refusal(f"s3://hourglass/{SAVEPOINTS}/savepoint-cccccc-1")


def test_a_state_of_other_topics_is_refused() -> None:
    given = Given()
    given.point(f"{CHECKPOINTS}/{OLD}/chk-1", metadata(1, {0: 5}, "another"))
    assert "reads other topics than t: set HOURGLASS_TOPIC" in given.refusal()


FILE = f"s3://hourglass/{CHECKPOINTS}/{OLD}/chk-11/0123"


def naming(file: str) -> bytes:
    """Return the bytes by which a checkpoint refers to a file of 40 bytes."""
    return b"\x02" + struct.pack(">QH", 40, len(file)) + file.encode() + b"/more"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "its _metadata has 0 bytes"),
        (metadata()[:15], "its _metadata has 15 bytes"),
        (b"\x00" * 6000, "does not begin like one of Flink"),
        (metadata()[:20], "it names no source partition"),
        (metadata(11, {0: 30}, "t") + naming(FILE), f"state file {FILE} is gone"),
    ],
    ids=["empty", "cut in the header", "garbage", "cut behind the header", "file gone"],
)
def test_a_damaged_newest_checkpoint_is_refused_and_never_passed_over(content: bytes, problem: str) -> None:
    """Its job had read further, and it is unknown how far."""
    given = Given()
    given.checkpoint("chk-10", {0: 20})
    given.point(f"{CHECKPOINTS}/{OLD}/chk-11", content)
    said = given.refusal()
    assert problem in said
    assert "--from-ledger" in said


def test_a_damaged_checkpoint_of_a_former_job_does_not_stop_the_stream() -> None:
    """The next job was started from the ledger; a restore point as new as the ledger is right to continue from."""
    given = Given()
    given.point(f"{CHECKPOINTS}/{OLD}/chk-11", b"")
    newest = given.checkpoint("chk-3", {0: 30}, job=NEW)
    given.land(E1, 0, 29)
    assert newest == given.choose()


def test_without_a_sound_point_the_damage_is_named() -> None:
    given = Given()
    given.point(f"{CHECKPOINTS}/{OLD}/chk-11", b"")
    assert f"s3://hourglass/{CHECKPOINTS}/{OLD}/chk-11 cannot be restored: its _metadata has 0 bytes" in given.refusal()


def test_a_state_file_of_another_size_is_refused() -> None:
    given = Given()
    given.point(f"{CHECKPOINTS}/{OLD}/chk-11", metadata(11, {0: 1}, "t") + naming(FILE))
    given.bucket.put(FILE.removeprefix("s3://hourglass/"), b"x" * 39)
    assert "has 39 of 40 bytes" in given.refusal()


@pytest.mark.parametrize("scheme", ["s3", "s3a", "hourglass-state"])
def test_a_checkpoint_whose_files_are_there_is_restored(scheme: str) -> None:
    """It is restored whichever file system wrote it."""
    given = Given()
    path = given.point(
        f"{CHECKPOINTS}/{OLD}/chk-11", metadata(11, {0: 1}, "t") + naming(scheme + FILE.removeprefix("s3"))
    )
    given.bucket.put(FILE.removeprefix("s3://hourglass/"), b"x" * 40)
    assert path == given.choose()


def test_positions_in_a_state_file_beside_the_metadata_count() -> None:
    """Flink writes a state larger than 20 KB there."""
    given = Given()
    newest = given.checkpoint("chk-41", {0: 20})
    given.bucket.put(f"{CHECKPOINTS}/{OLD}/chk-41/0123", metadata(41, {1: 10}, "t"))
    given.land(E1, 0, 19)
    given.land("e85ca4bd91f3.1", 0, 9, partition=1)
    assert newest == given.choose()


def test_a_ledger_entry_that_cannot_be_read_is_refused() -> None:
    given = Given()
    given.checkpoint("chk-41", {0: 20})
    put = given.land(E1, 0, 19)
    given.bucket.put(next(key for key in put if "/ledger/" in key), b"{}\n")
    assert "hourglass ledger check" in given.refusal()


def test_the_topic_that_has_landed_continues_also_where_an_earlier_release_wrote_no_id() -> None:
    given = Given()
    newest = given.checkpoint("chk-40", {0: 20})
    given.land(E1, 0, 19)
    assert newest == given.choose()
    newest = given.checkpoint("chk-41", {0: 30}, topic_id=TOPIC_ID)
    given.land(E2, 20, 29, topic_id=TOPIC_ID)
    assert newest == given.choose()


@pytest.mark.parametrize("known", ["ledger", "checkpoint", "neither has a record"])
def test_a_topic_that_was_created_again_is_refused_with_both_ids_and_the_ways_on(known: str) -> None:
    """It is longer than the former one, so that no offset shows it."""
    given = Given()
    given.checkpoint("chk-40", {0: 20} if known != "neither has a record" else {0: -2}, topic_id=TOPIC_ID)
    if known != "neither has a record":
        given.land(E1, 0, 19, topic_id=TOPIC_ID if known == "ledger" else "")
    given.broker.topic_id = NEW_TOPIC_ID
    said = given.refusal(kind=TopicChangedError)
    assert said.startswith(
        f"t is another topic than the one that has landed: that one has the id {TOPIC_ID} in the cluster cluster, the "
        f"broker at 127.0.0.1:9092 has {NEW_TOPIC_ID} in the cluster cluster. It was deleted and created again, "
    )
    assert "HOURGLASS_KAFKA_BOOTSTRAP_SERVERS" in said
    assert "`hourglass job start --new-topic` (HOURGLASS_STARTING_OFFSETS=new-topic)" in said
    assert 1 == len(said.splitlines()), "the last line of the driver's log holds it"


def test_a_topic_that_only_the_ledger_knows_is_refused_when_it_was_created_again() -> None:
    """Without a restore point, too: the topic is the first thing to repair."""
    given = Given()
    given.land(E1, 0, 19, topic_id=TOPIC_ID)
    given.broker.topic_id = NEW_TOPIC_ID
    assert TOPIC_ID in given.refusal(kind=TopicChangedError)


def test_a_topic_of_the_same_name_on_another_cluster_is_refused() -> None:
    given = Given()
    given.checkpoint("chk-40", {0: 20}, topic_id=TOPIC_ID)
    given.land(E1, 0, 19, topic_id=TOPIC_ID)
    given.broker.cluster_id, given.broker.topic_id = "elsewhere", NEW_TOPIC_ID
    said = given.refusal(kind=TopicChangedError)
    assert f"the broker at 127.0.0.1:9092 has {NEW_TOPIC_ID} in the cluster elsewhere. " in said
    assert "The address is of another cluster" in said


def test_a_new_topic_that_was_accepted_continues_from_its_own_chain() -> None:
    """The former chain reaches further, and is not compared."""
    given = Given()
    given.land(E1, 0, 29, topic_id=TOPIC_ID)
    newest = given.checkpoint("chk-3", {0: 10}, job=NEW, topic_id=NEW_TOPIC_ID)
    given.land(E2, 0, 9, job=NEW, topic_id=NEW_TOPIC_ID)
    given.broker.topic_id = NEW_TOPIC_ID
    given.broker.partitions[0] = OffsetRange(0, 12)
    assert newest == given.choose()


@pytest.mark.parametrize("topic_id", [TOPIC_ID, ""])
def test_a_broker_that_ends_before_what_has_landed_is_refused_with_partitions_and_offsets(topic_id: str) -> None:
    """It was rolled back, or restored from an older copy: new records get offsets that have landed."""
    given = Given()
    given.checkpoint("chk-40", {0: 30, 1: 30}, topic_id=topic_id)
    given.land(E1, 0, 29, topic_id=topic_id)
    given.broker.partitions[0] = OffsetRange(0, 20)
    said = given.refusal(kind=TopicChangedError)
    assert said.startswith("t[0] ends at 20 on the broker, landed is up to 29. The broker was rolled back ")
    assert "--new-topic" not in said


@pytest.mark.parametrize("path", ["KUBERNETES_OPERATOR_LAST_STATE", None])
def test_of_a_resumed_job_its_own_newest_checkpoint_is_chosen(path: str | None) -> None:
    """Flink restores the newest checkpoint of that job, whatever path its configuration names."""
    given = Given()
    given.checkpoint("chk-3", {0: 10})
    newest = given.checkpoint("chk-4", {0: 20})
    assert newest == given.choose(path, resumed_job=OLD)


def test_the_mark_of_the_operator_is_no_restore_point_of_a_new_job() -> None:
    """A job without a checkpoint has nothing that high availability could restore."""
    given = Given()
    given.checkpoint("chk-4", {0: 20})
    assert "is no savepoint of the stream" in given.refusal("KUBERNETES_OPERATOR_LAST_STATE")


def test_the_savepoint_that_a_resumed_job_began_from_is_passed_over() -> None:
    """A JobManager that is started again still names it."""
    given = Given()
    savepoint = given.savepoint("bbbbbb-1", 2, {0: 10})
    newest = given.checkpoint("chk-9", {0: 90}, job=NEW)
    assert newest == given.choose(savepoint, resumed_job=NEW)


def test_a_newer_savepoint_that_did_not_end_a_resumed_job_is_no_reason_to_refuse() -> None:
    """Such a savepoint commits nothing, and Flink does not restore it."""
    given = Given()
    newest = given.checkpoint("chk-4", {0: 20})
    given.savepoint(f"{OLD[:6]}-1", 5, {0: 30})
    assert newest == given.choose(resumed_job=OLD)


def test_a_resumed_job_is_refused_where_another_job_has_gone_on() -> None:
    """What landed after its checkpoint would land again."""
    given = Given()
    given.checkpoint("chk-4", {0: 20})
    newer = given.checkpoint("chk-9", {0: 90}, job=NEW)
    assert newer in given.refusal(resumed_job=OLD)


def test_a_resumed_job_is_refused_where_the_ledger_has_gone_on() -> None:
    """The same, where that job left no checkpoint."""
    given = Given()
    given.checkpoint("chk-4", {0: 20})
    given.land(E1, 0, 29)
    assert "older than the ledger" in given.refusal(resumed_job=OLD)
