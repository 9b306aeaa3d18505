from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from flink_jobs.audit.audit import Hours, audit
from flink_jobs.contracts.layout import Kind
from flink_jobs.errors import RestoreRefusedError, TopicChangedError, TopicUnchangedError
from flink_jobs.restore.after_ledger import LedgerRecovery
from flink_jobs.restore.topics import Topics
from flink_jobs.s3.objects import OpenUpload
from flink_jobs.settings import LandingSettings
from producers.kafka import OffsetRange
from tests.fakes.broker_reader import NEW_TOPIC_ID, TOPIC_ID, FakeBrokerReader
from tests.fakes.flink import EPOCH, FakeObjects, metadata
from tests.fakes.landed import WRITTEN, LandedBucket

SETTINGS = LandingSettings(_env_file=None, topic="t")
A1, A2, A3, B1 = "aaaaaaaaaaaa.1", "aaaaaaaaaaaa.2", "aaaaaaaaaaaa.3", "bbbbbbbbbbbb.1"
KINDS = (Kind.LANDING, Kind.REJECTED, Kind.LEDGER)


@dataclass
class Given:
    """Offsets 0 to 29 of partition 0 have landed and are booked; the broker has a hundred of each partition."""

    bucket: FakeObjects = field(default_factory=FakeObjects)
    landed: LandedBucket = field(default_factory=LandedBucket)
    broker: FakeBrokerReader = field(default_factory=lambda: FakeBrokerReader({0: OffsetRange(0, 100)}))
    settings: LandingSettings = SETTINGS
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.land(A1, 0, 29)

    def land(  # noqa: PLR0913 - the landed offsets, and the fate of each kind
        self,
        epoch: str,
        first: int,
        last: int,
        *,
        partition: int = 0,
        uploads: tuple[Kind, ...] = (),
        gone: tuple[Kind, ...] = (),
        topic_id: str = "",
    ) -> None:
        """Land an epoch; objects of some kinds are still open uploads, or missing."""
        for key, body in self.landed.land(epoch, first, last, partition=partition, topic_id=topic_id).items():
            kind = next(kind for kind in KINDS if f"/{kind}/" in key)
            if kind in uploads:
                self.bucket.open_uploads.append(OpenUpload(key, key, EPOCH))
                self.bucket.parts_of[key] = body
            elif kind not in gone:
                self.bucket.put(key, body)

    def next_offsets(self, *, new_topic: bool = False) -> dict[tuple[str, int], int]:
        """Run the recovery."""
        recovery = LedgerRecovery(self.settings, self.bucket, self.broker, self.said.append, lambda: WRITTEN)
        return recovery.next_offsets(Topics.of(self.settings, self.broker), new_topic=new_topic)

    def findings(self) -> list[str]:
        """Return the findings of an independent reader over everything."""
        seen = audit(self.bucket, self.settings.layout, hours=Hours(), read=True, report=lambda _line: None)
        return [str(finding) for finding in seen.findings.kept]


def test_every_partition_continues_after_its_last_entry() -> None:
    given = Given(broker=FakeBrokerReader({0: OffsetRange(0, 100), 1: OffsetRange(0, 50), 2: OffsetRange(0, 0)}))
    given.land(B1, 0, 9, partition=1)
    given.land(A2, 30, 39)
    assert {("t", 0): 40, ("t", 1): 10} == given.next_offsets()
    assert [] == given.findings()
    assert [] == given.said


def test_the_ledger_is_read_back_to_the_last_entry_of_a_partition_that_rests() -> None:
    given = Given(broker=FakeBrokerReader({0: OffsetRange(0, 100), 1: OffsetRange(0, 50)}))
    given.land(B1, 0, 9, partition=1)
    key = next(key for key in given.bucket.bodies if B1 in key and "/ledger/" in key)
    body = given.bucket.bodies[key]
    given.bucket.delete(key)
    given.bucket.put(key.replace("2025/08/01/05", "2024/12/31/23"), body)
    given.land(A2, 30, 39)
    assert {("t", 0): 40, ("t", 1): 10} == given.next_offsets()


@pytest.mark.parametrize(
    "open_kinds",
    [(Kind.LEDGER,), (Kind.REJECTED, Kind.LEDGER), (Kind.LANDING, Kind.LEDGER)],
    ids="+".join,
)
def test_commits_that_were_cut_off_are_completed_and_the_ledger_last(open_kinds: tuple[Kind, ...]) -> None:
    """One visible object proves that the checkpoint of its epoch was complete."""
    given = Given()
    given.land(A2, 30, 39, uploads=open_kinds)
    assert {("t", 0): 40} == given.next_offsets()
    assert [] == given.findings()
    assert "/ledger/" in given.bucket.completed[-1]
    assert [] == given.bucket.open_uploads
    assert given.bucket.aborted == []


def test_an_earlier_epoch_of_the_same_instance_is_completed_too() -> None:
    """The next checkpoint commits the files of an aborted one together with its own, in any order."""
    given = Given()
    given.land(A2, 30, 39, uploads=KINDS)
    given.land(A3, 40, 49, uploads=(Kind.REJECTED, Kind.LEDGER))
    assert {("t", 0): 50} == given.next_offsets()
    assert [] == given.findings()


def test_an_upload_of_which_nothing_is_visible_is_read_again() -> None:
    """It is unknown whether its checkpoint was complete, so the caller aborts it."""
    given = Given()
    given.land(A2, 30, 39, uploads=KINDS)
    assert {("t", 0): 30} == given.next_offsets()
    assert [] == given.bucket.completed


def test_objects_whose_entry_is_lost_are_read_and_booked() -> None:
    """Offsets, times, bytes and reasons come from their lines; the entry chains."""
    given = Given()
    given.land(A2, 30, 79, gone=(Kind.LEDGER,))
    assert {("t", 0): 80} == given.next_offsets()
    assert [] == given.findings()
    assert ["booked t[0] 30-79"] == [line.partition(" in ")[0] for line in given.said]


def test_it_may_be_cut_off_and_called_again() -> None:
    given = Given()
    given.land(A2, 30, 79, gone=(Kind.LEDGER,))
    assert given.next_offsets() == given.next_offsets()
    assert [] == given.findings()


def test_a_hole_between_the_objects_is_booked_as_one() -> None:
    """The broker has no readable record there: transaction markers, or compacted records."""
    given = Given(broker=FakeBrokerReader({0: OffsetRange(0, 100)}, unreadable={30, 31}))
    given.land(A2, 32, 39, gone=(Kind.LEDGER,))
    assert {("t", 0): 40} == given.next_offsets()
    assert [] == given.findings()


def test_a_record_that_did_not_land_between_others_is_refused() -> None:
    """Its upload is gone. A start behind the objects would lose it, one before them would double the others."""
    given = Given()
    given.land(A2, 30, 39, gone=(Kind.REJECTED, Kind.LEDGER))
    with pytest.raises(RestoreRefusedError, match=r"t\[0\]: offsets 31-39 .* offsets 30 .*Move these objects out"):
        given.next_offsets()


def test_an_unbooked_object_of_booked_offsets_is_left_to_the_check() -> None:
    given = Given()
    given.land(B1, 10, 19, gone=(Kind.LEDGER,))
    assert {("t", 0): 30} == given.next_offsets()


def test_an_unbooked_object_of_booked_and_other_offsets_is_refused() -> None:
    """A start after its last offset would lose records, a start before its first would double some."""
    given = Given()
    given.land(B1, 20, 39, gone=(Kind.LEDGER,))
    with pytest.raises(RestoreRefusedError, match=r"t\[0\]: offsets 20-29 are booked, and lie once more"):
        given.next_offsets()


def test_offsets_that_the_broker_has_deleted_are_refused() -> None:
    given = Given(broker=FakeBrokerReader({0: OffsetRange(35, 100)}))
    with pytest.raises(RestoreRefusedError, match="offsets 30-34 are in no object and no longer in the topic"):
        given.next_offsets()
    given.settings = SETTINGS.model_copy(update={"kafka_skip_deleted": True})
    assert {("t", 0): 30} == given.next_offsets()


def test_what_a_checkpoint_had_read_and_nobody_committed_is_named() -> None:
    given = Given()
    key = f"flink/platform-events/checkpoints/{'b' * 32}/chk-9"
    given.bucket.put(f"{key}/_metadata", metadata(9, {0: 45}, "t"))
    given.next_offsets()
    assert [f"t[0] 30-44: s3://hourglass/{key} had read them, none is visible; they are read again"] == given.said


def recreated(*, end: int = 60) -> Given:
    """Return a stream of which offsets 0 to 29 have landed, and whose topic was created again since."""
    given = Given(broker=FakeBrokerReader({0: OffsetRange(0, end)}, topic_id=NEW_TOPIC_ID))
    given.land(A1, 0, 29, topic_id=TOPIC_ID)
    return given


def checkpoint(given: Given, position: int, state: bytes = b"") -> None:
    """Write the newest checkpoint of the former topic; `state` names uploads."""
    key = f"flink/platform-events/checkpoints/{'b' * 32}/chk-9/_metadata"
    given.bucket.put(key, metadata(9, {0: position}, "t", TOPIC_ID) + state)


def test_a_topic_that_was_created_again_is_refused_and_begins_anew_when_it_is_accepted() -> None:
    """Nothing of the new topic is skipped, whether it is longer than the former one or not."""
    for end in (10, 60):
        given = recreated(end=end)
        with pytest.raises(TopicChangedError, match=f"{TOPIC_ID} .* {NEW_TOPIC_ID} .*--new-topic"):
            given.next_offsets()
        assert {} == given.next_offsets(new_topic=True)
        assert f"t is accepted as a new topic: {NEW_TOPIC_ID} in the cluster cluster" in given.said[0]
        given.land(B1, 0, 9, topic_id=NEW_TOPIC_ID)
        assert {("t", 0): 10} == given.next_offsets()
        assert [] == given.findings()


def test_what_has_landed_already_is_not_accepted_as_new() -> None:
    given = recreated()
    given.broker.topic_id = TOPIC_ID
    with pytest.raises(TopicUnchangedError, match="nothing changed: t has the topic id that has landed"):
        given.next_offsets(new_topic=True)
    assert {("t", 0): 30} == given.next_offsets()


def test_a_topic_that_landed_before_another_one_continues_where_it_was() -> None:
    """Another cluster was accepted in between, in a later hour; entries without ids are of the first topic."""
    given = Given(broker=FakeBrokerReader({0: OffsetRange(0, 60), 1: OffsetRange(0, 60)}, topic_id=NEW_TOPIC_ID))
    given.land(A2, 30, 39, topic_id=TOPIC_ID)
    given.land("dddddddddddd.1", 0, 19, partition=1)
    for key in [key for key in given.bucket.bodies if "/ledger/" in key]:
        body = given.bucket.bodies[key]
        given.bucket.delete(key)
        given.bucket.put(key.replace("2025/08/01/05", "2024/12/31/23"), body)
    given.land(B1, 0, 9, topic_id=NEW_TOPIC_ID)
    assert {("t", 0): 10} == given.next_offsets()
    given.broker.topic_id = TOPIC_ID
    assert {("t", 0): 40, ("t", 1): 20} == given.next_offsets(new_topic=True)
    assert {("t", 0): 40, ("t", 1): 20} == given.next_offsets()


def test_what_the_last_checkpoint_of_a_former_topic_holds_is_completed() -> None:
    """The job was killed before it committed, and nobody can read these records again."""
    given = recreated()
    given.land(A2, 30, 39, uploads=KINDS, topic_id=TOPIC_ID)
    checkpoint(given, 40, b" ".join(upload.upload_id.encode() for upload in given.bucket.open_uploads))
    assert {} == given.next_offsets(new_topic=True)
    assert "/ledger/" in given.bucket.completed[-1]
    assert [] == given.bucket.open_uploads
    assert [] == given.findings()


def test_an_older_checkpoint_of_a_former_topic_completes_nothing() -> None:
    """Its uploads were completed or read again; one that is open is of nobody."""
    given = recreated()
    given.land(A2, 10, 19, uploads=KINDS, topic_id=TOPIC_ID)
    checkpoint(given, 20, b" ".join(upload.upload_id.encode() for upload in given.bucket.open_uploads))
    assert {} == given.next_offsets(new_topic=True)
    assert [] == given.bucket.completed


def test_objects_of_a_former_topic_are_booked_in_its_chain() -> None:
    given = recreated()
    given.land(A2, 30, 79, gone=(Kind.LEDGER,), topic_id=TOPIC_ID)
    assert {} == given.next_offsets(new_topic=True)
    booked = next(body for key, body in given.bucket.bodies.items() if "recovered" in key)
    assert TOPIC_ID in booked.decode()
    assert [] == given.findings()


def test_what_a_former_topic_took_with_it_is_named() -> None:
    given = recreated()
    checkpoint(given, 45)
    given.next_offsets(new_topic=True)
    assert given.said[-1].startswith("t[0] 30-44: ")
    assert given.said[-1].endswith("none is visible; the topic that had them cannot be read again")


def test_a_new_topic_behind_entries_without_ids_is_refused() -> None:
    """Nothing would distinguish its chain from theirs."""
    given = Given(broker=FakeBrokerReader({0: OffsetRange(0, 60)}, topic_id=NEW_TOPIC_ID))
    checkpoint(given, 30)
    with pytest.raises(TopicChangedError, match="the ledger has no id of the former topic"):
        given.next_offsets(new_topic=True)


def test_a_broker_that_ends_before_the_ledger_is_refused() -> None:
    given = Given(broker=FakeBrokerReader({0: OffsetRange(0, 20)}))
    with pytest.raises(TopicChangedError, match=r"t\[0\] ends at 20 on the broker, landed is up to 29"):
        given.next_offsets()
