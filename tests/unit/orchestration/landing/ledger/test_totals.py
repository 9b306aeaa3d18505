from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flink_jobs.contracts.layout import Hour, Kind
from flink_jobs.contracts.ledger import LedgerEntry
from orchestration.landing.ledger.chains import ChainKey
from orchestration.landing.ledger.totals import LedgerTotals
from tests.fakes.broker import FakeBroker
from tests.fakes.bucket import FakeBucket
from tests.fakes.landing import H1, TOPIC, FakeLanding, minutes
from tests.fakes.landing_job import FakeLandingJob

EMITTED = H1.plus(1)
P0 = ChainKey(TOPIC, "topic-1", 0)


def entries(*spans: tuple[int, int], topic: str = TOPIC) -> list[tuple[Hour, LedgerEntry]]:
    """Land spans of one partition that has a record every ten minutes; offset 1 is rejected."""
    job = FakeLandingJob(FakeBroker({0: minutes(*range(0, 200, 10))}), FakeBucket(), topic=topic, rejected={(0, 1)})
    found = []
    for first, last in spans:
        body = job.prepare(0, first, last, EMITTED.start)[-1][1]
        found.append((EMITTED, LedgerEntry.model_validate_json(body)))
    return found


def test_entries_add_up_per_hour_and_partition() -> None:
    """Offsets 0-8 are six records of 01 (one rejected) and three of 02, in one unbroken stretch."""
    totals = LedgerTotals(topics=(TOPIC,)).fold(entries((0, 3), (4, 8)))
    first, second = totals.hours[H1], totals.hours[H1.plus(1)]
    assert (5, 1, 3, 0) == (first.accepted, first.rejected, second.accepted, second.rejected)
    assert 9 == totals.chains[P0].position
    assert {"0123456789ab.1", "0123456789ab.2"} == set(first.promised(Kind.LANDING).epochs())
    assert {"0123456789ab.1"} == set(first.promised(Kind.REJECTED).epochs())
    assert [] == totals.findings()


@given(st.permutations([(0, 2), (3, 3), (4, 9), (10, 12), (13, 15)]))
def test_the_order_of_entries_does_not_matter(spans: list[tuple[int, int]]) -> None:
    """A listing is not a snapshot: whichever entry is seen first, the totals are the same."""
    in_order = sorted(entries(*spans), key=lambda pair: pair[1].first_offset)
    assert LedgerTotals(topics=(TOPIC,)).fold(in_order) == LedgerTotals(topics=(TOPIC,)).fold(entries(*spans))


def test_a_gap_is_a_finding_until_it_is_filled() -> None:
    """The position stays before the gap, so that no later hour can be complete."""
    first, gap, last = entries((0, 3), (4, 5), (6, 9))
    totals = LedgerTotals(topics=(TOPIC,)).fold([first, last])
    assert ["platform-events[0]: offsets 4-5 are missing from the ledger"] == totals.findings()
    assert 4 == totals.chains[P0].position
    filled = totals.fold([gap])
    assert [] == filled.findings()
    assert 10 == filled.chains[P0].position


def test_an_overlap_is_a_fault_of_the_hours_it_touches() -> None:
    """Offsets 5-8 landed twice: hours 01 and 02 are stopped with the reason; hour 03 is not affected."""
    totals = LedgerTotals(topics=(TOPIC,)).fold(entries((0, 8), (5, 8), (9, 14)))
    fault = (
        "platform-events[0]: offsets 5-8 landed twice, again by epoch 0123456789ab.2 (job j1, checkpoint 2); "
        "the job was started without its last checkpoint"
    )
    assert [fault] == totals.findings()
    assert ((fault,), (fault,), ()) == tuple(totals.hours[H1.plus(n)].faults for n in range(3))


def test_a_double_restore_is_found_by_the_same_arithmetic() -> None:
    """One entry twice is two landings of its offsets."""
    once = entries((0, 3))
    assert "offsets 0-3 landed twice" in LedgerTotals(topics=(TOPIC,)).fold([*once, *once]).findings()[0]


def test_sums_with_entries_of_earlier_releases_are_not_added() -> None:
    """Within one day its first topic id seems to own them; over the whole ledger they belong to an earlier one."""
    (one,), (old,), (new,) = entries((0, 3)), entries((4, 5)), entries((4, 6))
    before = LedgerTotals(topics=(TOPIC,)).fold([one])
    without, other = (
        (EMITTED, entry.model_copy(update=ids))
        for (_, entry), ids in ((old, {"topic_id": None}), (new, {"topic_id": "topic-2"}))
    )
    day = LedgerTotals(topics=(TOPIC,)).fold([without, other])
    assert day.findings()
    assert before.plus(day) is None
    assert [] == before.fold([without, other]).findings()


def test_an_entry_of_another_topic_stops_its_hours() -> None:
    """Records that are not checked against the broker are never sealed."""
    totals = LedgerTotals(topics=(TOPIC,)).fold(entries((0, 3), topic="other"))
    assert {} == totals.chains
    assert [
        "other[0]: epoch 0123456789ab.1 is of another topic; this stream reads platform-events"
    ] == totals.findings()


def test_a_fault_that_repeats_is_kept_once_and_many_are_bounded(fake: FakeLanding) -> None:
    """A job in a restart loop does not make the cursor grow."""
    again = entries((0, 3), *[(0, 3)] * 20)
    totals = LedgerTotals(topics=(TOPIC,)).fold(again).fold(again[1:2])
    assert 5 == len(totals.hours[H1].faults)
    assert fake
