"""Before the broker deletes what an open hour is proven with, the tick says so; never afterwards only."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from orchestration.landing.sensor.cursor import read_cursor
from orchestration.landing.sensor.retention import Countdown, unprovable_at
from orchestration.landing.sensor.tick import Limits, Tick, run_tick
from tests.fakes.broker import FakeBroker
from tests.fakes.landing import H1, TOPIC, FakeLanding, minutes

H4 = H1.plus(3)


def tick(fake: FakeLanding) -> Tick:
    return run_tick(fake.stream, read_cursor(None, (TOPIC,)), Limits())


def alarms(found: Tick) -> list[str]:
    return [finding for finding in found.findings if "unprovable" in finding]


def test_the_sentence_has_hour_time_and_cause() -> None:
    """What becomes unprovable, when, and what has not landed."""
    left = Countdown(H1, TOPIC, timedelta(hours=6), 120, H1.start + timedelta(hours=2, minutes=50))
    assert (
        "hour 2025-08-01T01 becomes unprovable in 3 h 10 min: topic platform-events keeps records for 6 h, "
        "120 of them have not landed"
    ) == left.sentence()


def test_a_dead_job_is_an_alarm_before_the_first_record_can_be_deleted(fake: FakeLanding) -> None:
    """Retention is shortened to 2 h, and nothing lands from 04:00 on: the alarm comes before 06:00."""
    fake.broker.retention = timedelta(hours=2)
    fake.broker.records[0] += minutes(*range(181, 400))
    seen = []
    for minute in range(181, 301):
        fake.clock.time = H1.start + timedelta(minutes=minute)
        seen += [(minute, alarm) for alarm in alarms(tick(fake))]
    first, sentence = seen[0]
    assert sentence.startswith("hour 2025-08-01T04 becomes unprovable in ")
    assert H1.start + timedelta(minutes=first) < unprovable_at(H4, timedelta(hours=2))
    assert list(range(first, 301)) == [minute for minute, _ in seen]
    assert "hour 2025-08-01T04 may be unprovable since 2025-08-01 06:00" in seen[-1][1]


def test_hours_that_are_proven_in_time_are_no_alarm(fake: FakeLanding) -> None:
    """Retention of 2 h is enough for a job that runs."""
    fake.broker.retention = timedelta(hours=2)
    for _ in range(4):
        found = tick(fake)
        assert ([], None) == (alarms(found), found.countdown)
        fake.clock.time += timedelta(minutes=9)


def test_a_long_retention_warns_a_day_before(fake: FakeLanding) -> None:
    """With 7 days: 25 hours before there is a countdown and no alarm, 23 hours before there is one."""
    fake.broker.records[0] += minutes(181)
    for hours_left, expected in ((25, 0), (23, 1)):
        fake.clock.time = unprovable_at(H4, timedelta(days=7)) - timedelta(hours=hours_left)
        found = tick(fake)
        assert found.countdown is not None
        assert (H4, timedelta(hours=hours_left), 1) == (found.countdown.hour, found.countdown.left, found.countdown.lag)
        assert expected == len(alarms(found))


def test_a_topic_that_keeps_everything_has_no_countdown(fake: FakeLanding) -> None:
    """`retention.ms` is -1."""
    fake.broker.retention = None
    fake.broker.records[0] += minutes(181)
    fake.clock.time += timedelta(days=3000)
    assert (None, []) == ((found := tick(fake)).countdown, alarms(found))


def test_the_shortest_retention_of_several_topics_counts(fake: FakeLanding) -> None:
    """An hour needs all of its topics."""
    fake.broker.others["second"] = FakeBroker({0: minutes(181)}, topic_id="b", retention=timedelta(hours=3))
    stream = replace(fake.stream, topics=(TOPIC, "second"))
    fake.clock.time = H1.plus(4).start
    found = run_tick(stream, read_cursor(None, stream.topics), Limits())
    assert found.countdown is not None
    assert ("second", 1) == (found.countdown.topic, found.countdown.lag)


@pytest.mark.parametrize("retention", [timedelta(minutes=30), timedelta(hours=1, seconds=35)])
def test_a_retention_that_is_too_short_for_any_hour_is_a_finding(fake: FakeLanding, retention: timedelta) -> None:
    """The records of the begin of an hour are gone before its end."""
    fake.broker.retention = retention
    assert any("raise retention.ms" in finding for finding in tick(fake).findings)


def test_records_that_were_deleted_before_they_landed_are_a_finding(fake: FakeLanding) -> None:
    """Offsets 7 and 8 never landed, and the log begins at 9."""
    fake.broker.records[0] += minutes(181, 182, 183)
    fake.broker.low = {0: 9}
    assert "platform-events[0]: the broker deleted offsets 7-8 before they landed" in tick(fake).findings
