"""A topic is its cluster id and its topic id: another one is refused by name, until it is accepted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flink_jobs.contracts.layout import Hour
from orchestration.landing.clients.kafka import RecordTime
from orchestration.landing.errors import HourNotCompleteError
from orchestration.landing.ledger.chains import ChainKey
from orchestration.landing.ledger.whole import read_whole_ledger
from orchestration.landing.proof.completeness import Complete, Open, Proof
from orchestration.landing.proof.evidence import Evidence, Request, Stream, examine, prove
from orchestration.landing.proof.seal import draft_seal
from orchestration.landing.sensor.cursor import read_cursor
from orchestration.landing.sensor.tick import Limits, Tick, run_tick
from tests.fakes.broker import FakeBroker
from tests.fakes.landing import H1, TOPIC, FakeLanding, minutes
from tests.fakes.landing_job import FakeLandingJob

H3, H4 = H1.plus(2), H1.plus(3)


def tick(fake: FakeLanding) -> Tick:
    return run_tick(fake.stream, read_cursor(None, (TOPIC,)), Limits())


def requested(fake: FakeLanding) -> list[str]:
    return [request.hour.label for request in tick(fake).requests]


def examined(fake: FakeLanding, hour: Hour) -> Evidence:
    return examine(fake.stream, hour, None, {})


def reason(fake: FakeLanding, hour: Hour) -> str:
    verdict = examined(fake, hour).verdict
    assert isinstance(verdict, Open)
    return verdict.reason


def recreate_under_the_running_job(fake: FakeLanding) -> None:
    """Create the topic again; a job without topic ids reads on from its old positions, 7 and 5, and misses the rest."""
    fake.clock.time = H4.end + timedelta(minutes=10)
    fake.broker.recreate("topic-2")
    fake.broker.records = {
        0: minutes(*(190 + n for n in range(10)), 241),
        1: minutes(*(191 + n for n in range(8)), 242),
    }
    fake.broker.topic_id = "topic-1"
    fake.job.land(0, 7, 10, fake.clock.utc_now())
    fake.job.land(1, 5, 8, fake.clock.utc_now())
    fake.broker.topic_id = "topic-2"


def test_an_hour_over_a_recreated_topic_is_refused_by_name(fake: FakeLanding) -> None:
    """1,000 of 8,000 records never landed, and the hour was sealed, published and green: now no hour is."""
    recreate_under_the_running_job(fake)
    found = tick(fake)
    assert [] == [request.hour.label for request in found.requests]
    refusal = found.findings[0]
    assert (
        "topic platform-events is another one: the broker has topic id topic-2, the ledger ends with topic-1" in refusal
    )
    assert "`hourglass job start --new-topic` accepts it" in refusal
    with pytest.raises(HourNotCompleteError, match="the broker has topic id topic-2, the ledger ends with topic-1"):
        prove(fake.stream, Request(H4))


def test_without_the_comparison_of_ids_that_hour_is_wrongly_complete(fake: FakeLanding) -> None:
    """What the refusal protects from: the offsets agree, although the first records of the new topic never landed."""
    recreate_under_the_running_job(fake)
    fake.broker.topic_id = "topic-1"
    complete, evidence = prove(fake.stream, Request(H4))
    seal = draft_seal("platform-events", complete, evidence.entries, fake.clock.utc_now())
    assert (6, 18) == (seal.accepted, sum(len(times) - 1 for times in fake.broker.records.values()))


def test_an_hour_is_refused_while_the_new_topic_is_empty(fake: FakeLanding) -> None:
    """The topic was recreated while the job was stopped: no offset contradicts, only the id."""
    fake.broker.recreate("topic-2")
    assert "topic id topic-2" in reason(fake, H3)


def test_a_topic_on_another_cluster_is_refused_by_name(fake: FakeLanding) -> None:
    """The settings point to a cluster that has a topic of this name, and even of this id."""
    fake.broker.cluster_id = "cluster-2"
    assert "the broker has cluster id cluster-2, the ledger ends with cluster-1" in reason(fake, H1)


def test_a_log_that_ends_before_the_ledger_is_refused_with_the_offsets(fake: FakeLanding) -> None:
    """The broker was restored from an older copy: landed records are lost, and their offsets come again."""
    del fake.broker.records[0][5:]
    found = reason(fake, H1)
    assert "the log of platform-events[0] ends at offset 5, and the ledger has booked offset 6" in found
    assert "restored or rolled back" in found


def test_records_that_land_while_the_tick_reads_are_no_roll_back(fake: FakeLanding) -> None:
    """The ends were read before the ledger, which has more by then: the broker is asked again before it is refused."""

    def land_more(query: str) -> None:
        if query == "times of platform-events" and len(fake.broker.records[0]) == 7:
            pytest.fail("the ledger was read before the record landed")

    fake.broker.on_query = land_more
    listing = fake.bucket.list

    def list_late(prefix: str, start_after: str = "") -> object:
        if "/ledger/" in prefix and len(fake.broker.records[0]) == 7:
            fake.broker.records[0] += minutes(185)
            fake.job.land(0, 7, 7, fake.clock.utc_now())
        return listing(prefix, start_after)

    fake.bucket.list = list_late  # type: ignore[method-assign, assignment] # lands a record between two queries
    assert isinstance(examined(fake, H1).verdict, Complete)


def accept_new_topic(fake: FakeLanding) -> None:
    """Recreate the topic in hour 03 and start a job that accepts it: its chain begins at offset 0."""
    fake.clock.time = H4.end + timedelta(minutes=10)
    fake.broker.recreate("topic-2")
    fake.broker.records = {0: minutes(160, 170, 200, 245), 1: minutes(165, 246)}
    job = FakeLandingJob(fake.broker, fake.bucket, instance="ba9876543210")
    job.land(0, 0, 3, H3.start + timedelta(minutes=45))
    job.land(1, 0, 1, H3.start + timedelta(minutes=45))


def test_after_the_new_topic_was_accepted_the_hours_go_on(fake: FakeLanding) -> None:
    """Equal offsets of both topics are two chains and no overlap."""
    accept_new_topic(fake)
    found = tick(fake)
    assert [f"2025-08-01T0{n}" for n in (1, 2, 3, 4)] == [request.hour.label for request in found.requests]
    assert () == found.findings


def test_an_hour_with_records_of_both_topics_is_proven_over_both_chains(fake: FakeLanding) -> None:
    """The present chain by the broker, the old one closed at its last landed offset: the seal says so."""
    accept_new_topic(fake)
    complete, evidence = prove(fake.stream, Request(H3))
    seal = draft_seal("platform-events", complete, evidence.entries, fake.clock.utc_now())
    assert Proof.CLOSED is seal.proof
    assert [("topic-1", 0, 5, 6), ("topic-2", 0, 0, 1), ("topic-1", 1, 4, 4), ("topic-2", 1, 0, 0)] == sorted(
        ((p.topic_id, p.partition, p.first_offset, p.last_offset) for p in seal.partitions),
        key=lambda found: (found[1], str(found[0])),
    )
    assert 6 == seal.accepted
    assert {"platform-events[0]@topic-1", "platform-events[0]@topic-2"} <= seal.max_offsets.keys()


def test_hours_after_the_change_are_proven_by_offsets_again(fake: FakeLanding) -> None:
    """The old topic took no records after the new one was created."""
    accept_new_topic(fake)
    complete, _ = prove(fake.stream, Request(H4))
    assert Proof.OFFSETS is complete.proof


def test_a_gap_in_the_old_chain_holds_its_hours_because_nobody_can_be_asked(fake: FakeLanding) -> None:
    """Offset 5 of the old topic is of hour 03, and no ledger entry has it."""
    for key in [key for key in fake.bucket.objects if "ab.1-" in key]:
        del fake.bucket.objects[key]
    old = FakeBroker({0: minutes(1, 30, 59, 61, 90, 121, 150)})
    job = FakeLandingJob(old, fake.bucket, instance="00000000000a")
    job.land(0, 0, 4, fake.clock.utc_now())
    job.land(0, 6, 6, fake.clock.utc_now())
    accept_new_topic(fake)
    assert "offsets 5-5 of platform-events[0]@topic-1, a topic that is gone, to land" == reason(fake, H3)
    assert isinstance(examined(fake, H4).verdict, Complete)


def test_the_old_topic_does_not_become_the_present_one_again(fake: FakeLanding) -> None:
    """A week after the change the settings point back to the old cluster."""
    accept_new_topic(fake)
    job = FakeLandingJob(fake.broker, fake.bucket, instance="ba9876543211")
    fake.clock.time += timedelta(days=7)
    fake.broker.records[0] += [fake.clock.utc_now()]
    job.land(0, 4, 4, fake.clock.utc_now())
    fake.broker.topic_id = "topic-1"
    assert "the broker has topic id topic-1, the ledger ends with topic-2" in reason(fake, H1)


def test_a_topic_that_changes_while_it_is_read_is_not_proven(fake: FakeLanding) -> None:
    """It was recreated between the ledger and the listing: the answers are those of two topics."""

    def recreate(query: str) -> None:
        if query == "times of platform-events":
            fake.broker.on_query = lambda _query: None
            fake.broker.topic_id = "topic-2"

    fake.broker.on_query = recreate
    assert "its id or its partitions changed meanwhile" in reason(fake, H1)


class TestEntriesOfEarlierReleases:
    """They have no ids, and belong to the first id that follows."""

    def test_their_hours_are_proven_while_no_entry_has_an_id(self, fake: FakeLanding) -> None:
        """The sensor is upgraded before the job."""
        fake.bucket.objects.clear()
        fake.job.writes_ids = False
        fake.job.land_all(fake.clock.utc_now())
        assert ["2025-08-01T01", "2025-08-01T02", "2025-08-01T03"] == requested(fake)

    def test_the_job_continues_their_chain_with_its_ids(self, fake: FakeLanding) -> None:
        """One chain: a gap or an overlap between the two releases is found as before."""
        fake.bucket.objects.clear()
        fake.job.writes_ids = False
        fake.job.land(0, 0, 3, fake.clock.utc_now())
        fake.job.land(1, 0, 4, fake.clock.utc_now())
        fake.job.writes_ids = True
        fake.job.land(0, 4, 6, fake.clock.utc_now())
        totals, _ = read_whole_ledger(fake.bucket, fake.stream.layout, (TOPIC,))
        assert "0-6" == str(totals.covered(ChainKey(TOPIC, "topic-1", 0)))
        assert "0-4" == str(totals.covered(ChainKey(TOPIC, "topic-1", 1)))
        assert ["2025-08-01T01", "2025-08-01T02", "2025-08-01T03"] == requested(fake)
        fake.job.land(0, 3, 3, fake.clock.utc_now())
        assert "platform-events[0]: offsets 3-3 landed twice" in tick(fake).findings[0]

    def test_a_recreated_topic_is_refused_after_them(self, fake: FakeLanding) -> None:
        """The ledger knows no id yet, and its offsets are more than the new topic has."""
        fake.bucket.objects.clear()
        fake.job.writes_ids = False
        fake.job.land_all(fake.clock.utc_now())
        fake.broker.recreate("topic-2")
        assert "the ledger has booked offset 6" in reason(fake, H1)


class TestSeveralTopics:
    """One stream reads two topics; each has partitions, ids and record times of its own."""

    @pytest.fixture
    def two(self, fake: FakeLanding) -> Stream:
        """Return a stream with a second topic of one partition, whose records of 01 and 02 have landed."""
        other = FakeBroker({0: minutes(5, 65, 125)}, topic_id="topic-b")
        fake.broker.others["second"] = other
        job = FakeLandingJob(other, fake.bucket, topic="second", instance="0123456789cd")
        job.land(0, 0, 1, fake.clock.utc_now())
        stream = fake.stream
        return Stream(
            stream.layout,
            (TOPIC, "second"),
            stream.bucket,
            stream.broker,
            stream.clock,
            stream.policy,
            stream.first_hour,
        )

    def test_an_hour_needs_every_topic(self, two: Stream) -> None:
        """Hours 01 and 02 have landed in both topics; 03 waits for the second one, which is named."""
        found = run_tick(two, read_cursor(None, two.topics), Limits())
        assert ["2025-08-01T01", "2025-08-01T02"] == [request.hour.label for request in found.requests]
        assert "2025-08-01T03 waits for offsets 2-2 of second[0] to land" == found.sentence()

    def test_one_replaced_topic_holds_every_hour(self, two: Stream, fake: FakeLanding) -> None:
        """The first topic is as it was."""
        fake.broker.others["second"].recreate("topic-c")
        assert "topic second is another one" in examine(two, H1, None, {}).verdict.reason  # type: ignore[union-attr] # an Open verdict has a reason

    def test_record_time_is_that_of_each_topic(self, two: Stream, fake: FakeLanding) -> None:
        """The last hour waits for the rest of the topic with CreateTime alone."""
        other = fake.broker.others["second"]
        FakeLandingJob(other, fake.bucket, topic="second", instance="0123456789ef").land(0, 2, 2, fake.clock.utc_now())
        other.record_time = RecordTime.CREATE
        verdict = examine(two, H3, None, {}).verdict
        assert isinstance(verdict, Open)
        assert "second[0] to rest at offset 3 until 04:10:30" == verdict.reason

    def test_a_topic_that_is_added_later_is_read_from_the_beginning_of_the_ledger(
        self, two: Stream, fake: FakeLanding
    ) -> None:
        """Its entries were faults before, and are part of the hours now."""
        before = tick(fake)
        assert "second[0]: epoch 0123456789cd.1 is of another topic" in before.findings[0]
        found = run_tick(two, read_cursor(before.cursor.to_text(), two.topics), Limits())
        assert ["2025-08-01T01", "2025-08-01T02"] == [request.hour.label for request in found.requests]


KEYS = st.builds(
    ChainKey,
    topic=st.from_regex(r"\A[A-Za-z0-9._-]{1,30}\Z"),
    topic_id=st.one_of(st.just(""), st.from_regex(r"\A[A-Za-z0-9_-]{22}\Z")),
    partition=st.integers(0, 10_000),
)


@given(KEYS)
def test_the_name_of_a_chain_reads_back(key: ChainKey) -> None:
    """It is a key of the cursor and of a tag."""
    assert key == ChainKey.parse(str(key))
