from __future__ import annotations

from confluent_kafka import Uuid

from flink_jobs.audit.audit import Hours, audit, compare_with_broker
from flink_jobs.audit.findings import Code
from infra.commands.ledger import as_document
from producers.kafka import OffsetRange, topic_id_text
from tests.fakes.broker_reader import NEW_TOPIC_ID, TOPIC_ID, FakeBrokerReader
from tests.fakes.landed import LandedBucket

A1, A2, B1 = "aaaaaaaaaaaa.1", "aaaaaaaaaaaa.2", "bbbbbbbbbbbb.1"
THIRD_ID = "AAAAcMGmQh2nVbTt5iYD1w"


def found(bucket: LandedBucket, reader: FakeBrokerReader | None = None) -> list[str]:
    """Return the findings over everything, with the broker where there is a reader."""
    seen = audit(bucket, bucket.layout, read=True, report=lambda _line: None)
    if reader:
        compare_with_broker(seen, reader, ["t"], Hours(), lambda _line: None)
    return [str(finding) for finding in seen.findings.kept]


def landed(former: str = TOPIC_ID) -> LandedBucket:
    """Land 60 records of a former topic, then 40 of the one that has its name now."""
    bucket = LandedBucket()
    bucket.land(A1, 0, 39, topic_id=former)
    bucket.land(A2, 40, 59, topic_id=former)
    bucket.land(B1, 0, 39, topic_id=NEW_TOPIC_ID)
    return bucket


def test_two_topics_of_one_name_are_two_chains_and_their_lines_are_not_doubled() -> None:
    assert [] == found(landed())


def test_within_one_topic_an_overlap_is_one() -> None:
    bucket = landed()
    bucket.land("cccccccccccc.1", 30, 39, topic_id=NEW_TOPIC_ID)
    codes = {line.partition(":")[0] for line in found(bucket)}
    assert {"overlap", "doubled"} == codes


def test_entries_of_an_earlier_release_continue_in_the_chain_of_the_id_that_follows_them() -> None:
    """They overlap where they do, and a gap between them is one."""
    bucket = LandedBucket()
    bucket.land(A1, 0, 39)
    bucket.land(A2, 40, 59, topic_id=TOPIC_ID)
    bucket.land(B1, 0, 9, topic_id=NEW_TOPIC_ID)
    assert [] == found(bucket)
    bucket.land("cccccccccccc.1", 62, 69, topic_id=TOPIC_ID)
    assert found(bucket)[0].startswith("gap: t[0]: offsets 60-61 are in no entry")
    bucket = LandedBucket()
    bucket.land(A1, 0, 39)
    bucket.land(A2, 30, 59, topic_id=TOPIC_ID)
    assert found(bucket)[0].startswith("overlap: t[0]: offsets 30-39 are booked twice")


def test_a_former_topic_is_proven_by_the_ledger_alone_and_nothing_is_wrong() -> None:
    """The broker is asked about the present topic only: it ends before the former one did."""
    bucket = landed()
    seen = audit(bucket, bucket.layout, read=True, report=lambda _line: None)
    reader = FakeBrokerReader({0: OffsetRange(0, 45)}, topic_id=NEW_TOPIC_ID)
    compare_with_broker(seen, reader, ["t"], Hours(), lambda _line: None)
    assert [
        (
            f"former_topic: t: 60 records of 1 partitions are of {TOPIC_ID} in the cluster cluster, the broker has "
            f"{NEW_TOPIC_ID} in the cluster cluster: only the ledger and the objects prove them"
        )
    ] == [str(finding) for finding in seen.findings.kept]
    document = as_document(seen, 1.0)
    assert document["sound"]
    assert {
        f"t[0] of {NEW_TOPIC_ID}": {"first": 0, "last": 39, "low": 0, "end": 45, "lag": 5},
        f"t[0] of {TOPIC_ID}": {"first": 0, "last": 59},
    } == document["partitions"]


def test_a_topic_of_which_nothing_has_landed_is_an_error_and_is_not_compared() -> None:
    """It is longer than what has landed, so no offset shows it."""
    bucket = LandedBucket()
    bucket.land(A1, 0, 39, topic_id=TOPIC_ID)
    ids = f"the ledger is of {TOPIC_ID} in the cluster cluster, the broker has {THIRD_ID} in the cluster cluster"
    expected = f"{Code.OTHER_TOPIC}: t: {ids}: nothing of it has landed"
    assert [expected] == found(bucket, FakeBrokerReader({0: OffsetRange(0, 90)}, topic_id=THIRD_ID))


def test_the_broker_of_entries_without_ids_is_compared_as_before() -> None:
    bucket = LandedBucket()
    bucket.land(A1, 0, 39)
    assert ["beyond_broker: t[0]: offsets 20-39 are booked, the broker ends at 20"] == found(
        bucket, FakeBrokerReader({0: OffsetRange(0, 20)})
    )


def test_a_topic_id_is_spelled_as_kafka_spells_it() -> None:
    """The digits of the ids on the right are those of Java's `Uuid.toString`."""
    assert "_____________________w" == topic_id_text(Uuid(-1, -1))
    assert "AAAAAAAAAAEAAAAAAAAAAg" == topic_id_text(Uuid(1, 2))
    assert topic_id_text(Uuid(0, 0)) is None
