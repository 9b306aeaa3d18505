"""Transactional topics: only committed records land; every other offset is a hole that the broker confirms."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from flink_jobs.contracts.layout import Hour
from flink_jobs.contracts.ledger import LedgerEntry
from orchestration.landing.clients.kafka import KafkaBroker, TopicIdentity
from orchestration.landing.clients.search import TimestampedOffset
from orchestration.landing.errors import HourNotCompleteError, TopicMissingError
from orchestration.landing.proof.completeness import Proof
from orchestration.landing.proof.evidence import Request, Stream, prove
from orchestration.settings import StreamAccess
from orchestration.stream.binding import proven_stream
from orchestration.stream.document import StreamDocument
from producers.kafka import KafkaAccess, OffsetRange
from tests.faults.conftest import NewStack
from tests.faults.landing_stack import BEGIN, LandingStack, Raw, event
from tests.integration.truth import (
    Position,
    landed_offsets,
    read_landed,
    readable_positions,
    topic_positions,
    wait_for,
)


def events(first: int, count: int) -> list[Raw]:
    return [Raw(event(number), partition=number % 2) for number in range(first, first + count)]


def attesting(stack: LandingStack) -> KafkaBroker:
    return KafkaBroker(KafkaAccess(_env_file=None, kafka_bootstrap_servers=stack.bootstrap_servers))


def stream_of(stack: LandingStack) -> Stream:
    """Return the stream as the sensor sees it; two seconds without a change are proof of idleness."""
    landing = stack.landing
    access = StreamAccess(
        _env_file=None,
        kafka_bootstrap_servers=stack.bootstrap_servers,
        s3_endpoint=landing.s3_endpoint,
        s3_region=landing.s3_region,
        s3_access_key_id=landing.s3_access_key_id,
        s3_secret_access_key=landing.s3_secret_access_key,
    )
    document = StreamDocument(
        name="transactions",
        topics=landing.topics,
        bucket=landing.bucket,
        prefix=landing.stream,
        table="aws/dev/ext_transactions",
        first_hour="2025-01-01T00",
        disorder_seconds=0,
        grace_seconds=2,
    )
    return proven_stream(document, access)


def holes(ledger: list[LedgerEntry]) -> set[Position]:
    return {
        (entry.topic, entry.partition, offset)
        for entry in ledger
        for first, last in entry.hole_ranges
        for offset in range(first, last + 1)
    }


def test_committed_records_land_and_all_other_offsets_are_attested_holes(new_stack: NewStack) -> None:
    """The test runs aborted and committed transactions, and a kill and a rescaling with holes at the seam.

    Landed = the records that an independent reader of committed records gets. Holes = the other offsets up to the last
    landed one; that reader gets no record there. Entries chain over every seam.
    """
    stack = new_stack(partitions=2)
    stack.start_job()
    aborted = stack.produce_in_transaction(events(0, 20), commit=False)
    committed = stack.produce_in_transaction(events(20, 20))
    stack.wait_until_landed(committed)
    stack.kill_job()
    aborted |= stack.produce_in_transaction(events(40, 30), commit=False)
    stack.start_job()
    committed |= stack.produce_in_transaction(events(70, 20))
    stack.wait_until_landed(committed)
    stack.stop_job()
    aborted |= stack.produce_in_transaction(events(90, 10), commit=False)
    stack.start_job(parallelism=2)
    committed |= stack.produce(events(100, 10))
    stack.wait_until_landed(committed)

    landed, ledger = read_landed(stack.settings), stack.ledger()
    assert set() == landed.doubled
    assert committed == set(landed.accepted)
    assert readable_positions(stack.settings) == committed
    begins = {entry.partition: entry.first_offset for entry in reversed(ledger)}
    offsets = {position for position in topic_positions(stack.settings) if position[2] >= begins[position[1]]}
    assert offsets - committed == holes(ledger)
    assert set() == holes(ledger) & readable_positions(stack.settings)
    assert {position for position in aborted if position in offsets} < holes(ledger)
    assert [] == [
        (before, entry)
        for before, entry in pairwise(ledger)
        if before.partition == entry.partition and before.last_offset + 1 != entry.first_offset
    ]


def test_records_of_an_open_transaction_wait_and_keep_their_order(new_stack: NewStack) -> None:
    """Nothing behind an open transaction lands, and its hour is not complete; the end of the transaction releases both.

    Then the hour is complete although no entry reaches the end of the partitions: the last offsets are markers.
    """
    stack = new_stack(partitions=2)
    stack.start_job()
    early = stack.produce(events(0, 10))
    stack.wait_until_landed(early)
    with stack.transaction() as transaction:
        open_ones = transaction.send(events(10, 10))
        behind = stack.produce(events(20, 10))
        checkpoint = stack.checkpoints_completed()
        stack.wait_for_checkpoints(checkpoint + 3)
        assert early == set(read_landed(stack.settings).accepted)
        with pytest.raises(HourNotCompleteError, match="to land"):
            prove(stream_of(stack), Request(Hour.containing(BEGIN)))
        transaction.end(commit=True)
    stack.wait_until_landed(behind)

    assert early | open_ones | behind == set(read_landed(stack.settings).accepted)
    in_order = landed_offsets(stack.settings)
    assert {partition: sorted(offsets) for partition, offsets in in_order.items()} == in_order
    complete, evidence = prove(stream_of(stack), Request(Hour.containing(BEGIN)))
    assert Proof.IDLE is complete.proof
    assert evidence.judgement.view is not None
    assert {0, 1} == {key.partition for key in evidence.judgement.view.unreadable}


def test_the_broker_attests_what_nobody_can_read(new_stack: NewStack) -> None:
    """Aborted records and markers are never readable; a committed record and one of an open transaction are."""
    stack = new_stack(partitions=1)
    topic, broker = stack.settings.topic, attesting(stack)
    one = [Raw(event(0)), Raw(event(1))]
    stack.produce_in_transaction(one, commit=False)  # 0 1, marker 2
    stack.produce_in_transaction(one)  # 3 4, marker 5
    assert 3 == broker.first_readable(topic, 0, 0, 5)
    assert None is broker.first_readable(topic, 0, 0, 2)
    assert 4 == broker.first_readable(topic, 0, 4, 4)
    assert None is broker.first_readable(topic, 0, 5, 5)
    with stack.transaction() as transaction:
        transaction.send(one)  # 6 7
        assert 6 == broker.first_readable(topic, 0, 5, 7)
        assert None is broker.first_readable(topic, 0, 5, 5)
        transaction.end(commit=False)  # marker 8
    assert None is broker.first_readable(topic, 0, 5, 8)
    assert 9 == broker.offsets(topic).partitions[0].end


def test_only_records_say_what_time_it_is_on_a_topic_of_create_time(new_stack: NewStack) -> None:
    """The broker finds a marker by its own late time, although the records around it are of the replayed hour."""
    stack = new_stack(partitions=1)
    topic, broker = stack.settings.topic, attesting(stack)
    late = BEGIN + timedelta(hours=2)
    stack.produce_in_transaction([Raw(event(0))])  # 0, marker 1
    stack.produce_in_transaction([Raw(event(1), timestamp=late)], commit=False)  # 2, marker 3
    found = broker.offsets_at(topic, [0], late - timedelta(minutes=1))[0]
    assert found is not None
    assert 1 == found.offset
    assert None is broker.first_record(topic, 0, found.offset, late)
    stack.produce([Raw(event(2)), Raw(event(3), timestamp=late)])  # 4 5
    assert TimestampedOffset(5, late) == broker.first_record(topic, 0, found.offset, late)


def test_the_boundary_of_an_hour_is_read_beside_a_record_from_the_future(new_stack: NewStack) -> None:
    """The broker names the record from the future for every later time; reading finds the ordinary one behind it."""
    stack = new_stack(partitions=1)
    topic, broker = stack.settings.topic, attesting(stack)
    minute, future = timedelta(minutes=1), BEGIN + timedelta(hours=5)
    stack.produce([Raw(event(0), timestamp=future)])
    stack.produce([Raw(event(n), timestamp=BEGIN + n * minute) for n in range(1, 200)])
    stack.produce_in_transaction([Raw(event(200), timestamp=BEGIN + 200 * minute)], commit=False)  # 200, marker 201
    found = broker.offsets_at(topic, [0], BEGIN + 60 * minute)[0]
    assert found is not None
    assert 0 == found.offset
    behind = OffsetRange(1, broker.offsets(topic).partitions[0].end)
    latest = future - minute
    assert TimestampedOffset(60, BEGIN + 60 * minute) == broker.record_within(
        topic, 0, behind, BEGIN + 60 * minute, latest
    )
    assert None is broker.record_within(topic, 0, behind, BEGIN + 200 * minute, latest)


def is_there(broker: KafkaBroker, topic: str) -> bool:
    """Return whether the brokers know a topic; they learn it a moment after it was created."""
    try:
        broker.identity(topic)
    except TopicMissingError:
        return False
    return True


def test_a_topic_that_is_created_again_has_another_id(new_stack: NewStack) -> None:
    """Its name, its cluster and its partitions are the same."""
    stack = new_stack(partitions=1)
    topic, broker = stack.settings.topic, attesting(stack)
    before = broker.offsets(topic)
    assert TopicIdentity.of(before) == broker.identity(topic)
    assert before.topic_id is not None
    admin = AdminClient({"bootstrap.servers": stack.bootstrap_servers})
    admin.delete_topics([topic])[topic].result(30)
    with pytest.raises(TopicMissingError):
        broker.identity(topic)
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(30)
    wait_for(lambda: is_there(broker, topic), seconds_max=120, what="the new topic")
    after = broker.identity(topic)
    assert (before.cluster_id, (0,)) == (after.cluster_id, after.partitions)
    assert after.topic_id not in {None, before.topic_id}
