"""A partition that is added in the middle of an hour belongs to the proof of that hour, at whatever moment it comes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.landing.clients.kafka import RecordTime
from orchestration.landing.errors import HourNotCompleteError
from orchestration.landing.proof.evidence import Request, prove
from orchestration.landing.proof.seal import Seal, draft_seal
from orchestration.landing.sensor.cursor import read_cursor
from orchestration.landing.sensor.tick import Limits, run_tick
from tests.fakes.broker import FakeBroker
from tests.fakes.landing import H1, TOPIC, FakeLanding, minutes

TICK = timedelta(seconds=30)
NEW = 1


@dataclass
class Moment:
    """When a partition is added, and how many of its records have landed by then.

    `query` is the number of the query, of the tick or of the run, before which it happens; None: by the clock alone.
    """

    at: datetime
    landed: int
    query: int | None


@st.composite
def moments(draw: st.DrawFn) -> Moment:
    second = draw(st.integers(1, 3599))
    return Moment(
        at=H1.start + timedelta(seconds=second),
        landed=draw(st.integers(0, 2)),
        query=draw(st.one_of(st.none(), st.integers(0, 14))),
    )


def add_partition(fake: FakeLanding, moment: Moment) -> None:
    """Add the partition with two records of hour 01: the metadata of the broker may show it late."""
    fake.broker.records[NEW] = [moment.at, moment.at]
    if moment.landed:
        fake.job.land(NEW, 0, moment.landed - 1, fake.clock.utc_now())


def seal_of(fake: FakeLanding, request: Request) -> Seal | None:
    """Run the hour as Dagster does; None when the run refuses it."""
    try:
        complete, evidence = prove(fake.stream, request)
    except HourNotCompleteError:
        return None
    return draft_seal("platform-events", complete, evidence.entries, fake.clock.utc_now())


@settings(max_examples=50)
@given(moments())
@pytest.mark.parametrize("record_time", list(RecordTime))
def test_no_seal_misses_it_and_none_is_later_than_one_tick(record_time: RecordTime, moment: Moment) -> None:
    """It comes at a random second of the hour, or is shown between any two queries of the tick and of the run."""
    fake = FakeLanding(FakeBroker({0: minutes(10, 20, 70)}, record_time), clock_at=H1.start + timedelta(minutes=71))
    fake.job.land(0, 0, 2, fake.clock.utc_now())
    asked = 0

    def count(_query: str) -> None:
        nonlocal asked
        if asked == moment.query:
            add_partition(fake, moment)
        asked += 1

    if moment.query is None:
        add_partition(fake, moment)
    fake.broker.on_query = count
    cursor, seal, ticks_after_landing = read_cursor(None, (TOPIC,)), None, 0
    for _ in range(4):
        found = run_tick(fake.stream, cursor, Limits())
        cursor = found.cursor
        requested = [request for request in found.requests if request.hour == H1]
        # a run that refuses its hour is started again
        seal = seal or seal_of(fake, requested[0] if requested else Request(H1))
        if seal is not None:
            break
        if NEW in fake.broker.records and moment.landed < 2:
            fake.job.land(NEW, moment.landed, 1, fake.clock.utc_now())
            moment.landed = 2
        elif moment.landed == 2:
            ticks_after_landing += 1
        fake.clock.time += TICK
    assert seal is not None
    # with CreateTime the end of a partition must rest for the grace of 30 s, which is one more tick
    assert ticks_after_landing <= (1 if record_time is RecordTime.LOG_APPEND else 2)
    assert (4 if NEW in fake.broker.records else 2) == seal.accepted


def test_it_is_asked_again_when_the_ledger_has_it_and_the_broker_had_not(fake: FakeLanding) -> None:
    """It was added and landed between the ends and the ledger: the tick says so and requests nothing of the hours."""
    listing = fake.bucket.list

    def add_before_the_ledger(prefix: str, start_after: str = "") -> object:
        if "/ledger/" in prefix and 2 not in fake.broker.records:
            fake.broker.records[2] = minutes(40)
            fake.job.land(2, 0, 0, fake.clock.utc_now())
        return listing(prefix, start_after)

    fake.bucket.list = add_before_the_ledger  # type: ignore[method-assign, assignment] # adds it between two queries
    first = run_tick(fake.stream, read_cursor(None, (TOPIC,)), Limits())
    assert () == first.requests
    assert "2025-08-01T01 waits for platform-events[2], a new partition, to be read" in first.sentence()
    second = run_tick(fake.stream, first.cursor, Limits())
    assert ["01", "02", "03"] == [request.hour.label[-2:] for request in second.requests]
    seal = seal_of(fake, second.requests[0])
    assert seal is not None
    assert {0, 1, 2} == {partition.partition for partition in seal.partitions}
