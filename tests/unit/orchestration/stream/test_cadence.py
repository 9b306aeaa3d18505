"""When a complete hour is published; the sensor asks once, whatever the document names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from flink_jobs.contracts.layout import Hour
from orchestration.landing.sensor.cursor import Cursor, read_cursor
from orchestration.landing.sensor.tick import Limits, Tick, run_tick
from orchestration.stream.cadence import Cadence
from orchestration.stream.definitions.hours import hold_back
from tests.fakes.landing import H1, TOPIC, FakeLanding, minutes

DAY = H1.start.replace(hour=0)


def first_due(cadence: Mapping[str, Any] | str, hour: Hour, newest_entry: Hour) -> datetime:
    """Find the first minute of two days at which the hour is published."""
    read = Cadence.model_validate(cadence)
    return next(
        now for now in (DAY + timedelta(minutes=n) for n in range(2 * 24 * 60)) if read.is_due(hour, newest_entry, now)
    )


@pytest.mark.parametrize(
    ("cadence", "hour", "newest_entry", "due"),
    [
        # hour 1 ends at 02:00
        ({}, 1, 1, "02:00"),
        ("on_arrival", 1, 2, "02:00"),
        ({"every_hours": 1}, 1, 2, "02:00"),
        ({"every_hours": 6}, 1, 2, "06:00"),
        ({"every_hours": 6}, 5, 5, "06:00"),
        ({"every_hours": 24}, 1, 2, "1 00:00"),
        ({"cron": "30 3 * * *"}, 1, 2, "03:30"),
        ({"cron": "30 3 * * *"}, 3, 4, "1 03:30"),
        ({"cron": "0 2 * * *"}, 1, 1, "02:00"),
        # the earliest of several
        ({"on_arrival": True, "cron": "30 3 * * *"}, 1, 1, "02:00"),
        ({"every_hours": 6, "cron": "30 3 * * *"}, 1, 1, "03:30"),
        # a late record of an old hour waits for the next moment after its entry
        ({}, 1, 9, "09:00"),
        ({"every_hours": 6}, 1, 9, "12:00"),
        ({"cron": "30 3 * * *"}, 1, 9, "1 03:30"),
    ],
)
def test_an_hour_is_due_at_the_first_moment_after_its_end_and_its_newest_entry(
    cadence: Mapping[str, Any] | str, hour: int, newest_entry: int, due: str
) -> None:
    """By arrival, every N hours from midnight, or by cron, all in UTC."""
    found = first_due(cadence, Hour(DAY).plus(hour), Hour(DAY).plus(newest_entry))
    days, _, time = due.rpartition(" ")
    expected = DAY + timedelta(days=int(days or 0), hours=int(time[:2]), minutes=int(time[3:]))
    assert expected == found


def requested(tick: Tick) -> list[tuple[Hour, str]]:
    """List the requests of the hours that have records, each with its reason."""
    pairs = zip(tick.requests, tick.reasons, strict=True)
    return [(request.hour, reason) for request, reason in pairs if request.hour in tick.cursor.totals.hours]


def ticked(fake: FakeLanding, cursor: Cursor, cadence: Cadence) -> tuple[int, Tick]:
    tick = run_tick(fake.stream, cursor, Limits())
    return hold_back(tick, cursor, cadence, fake.clock.utc_now())


def test_held_hours_are_requested_once_when_their_moment_comes(fake: FakeLanding) -> None:
    """The cursor does not know them as requested before; afterwards no tick asks again."""
    six = Cadence(every_hours=6)
    held, tick = ticked(fake, read_cursor(None, (TOPIC,)), six)
    assert (3, (), {}, None) == (held, tick.requests, tick.cursor.requested, tick.cursor.last)
    fake.clock.time = DAY + timedelta(hours=6, minutes=1)
    held, tick = ticked(fake, tick.cursor, six)
    assert (0, [(H1.plus(n), "complete") for n in range(3)]) == (held, requested(tick))
    held, tick = ticked(fake, tick.cursor, six)
    assert (0, []) == (held, requested(tick))


def test_a_sensor_and_a_cron_that_name_one_hour_request_it_once(fake: FakeLanding) -> None:
    """An hour that was published by arrival is not requested again at the time of the cron expression."""
    both = Cadence(on_arrival=True, cron="0 6 * * *")
    _, first = ticked(fake, read_cursor(None, (TOPIC,)), both)
    assert [(H1.plus(n), "complete") for n in range(3)] == requested(first)
    fake.clock.time = DAY + timedelta(hours=6, minutes=1)
    held, tick = ticked(fake, first.cursor, both)
    assert (0, []) == (held, requested(tick))


def test_a_new_revision_that_is_held_keeps_the_former_request(fake: FakeLanding) -> None:
    """The cursor still knows the first revision, so the second one is called amended."""
    _, first = ticked(fake, read_cursor(None, (TOPIC,)), Cadence())
    fake.broker.records[0] += minutes(40)
    fake.job.land(0, 7, 7, fake.clock.utc_now())
    held, tick = ticked(fake, first.cursor, Cadence(every_hours=6))
    assert (1, ()) == (held, tick.requests)
    assert first.cursor.requested == tick.cursor.requested
    fake.clock.time = DAY + timedelta(hours=6, minutes=1)
    _, tick = ticked(fake, tick.cursor, Cadence(every_hours=6))
    assert [(H1, "amended")] == requested(tick)


def test_hours_without_records_are_held_and_requested_once_as_well(fake: FakeLanding) -> None:
    """The walk over empty hours goes back to the first one that is held."""
    six = Cadence(every_hours=6)
    fake.clock.time = DAY + timedelta(hours=5, minutes=50)
    held, tick = ticked(fake, read_cursor(None, (TOPIC,)), six)
    assert (4, ()) == (held, tick.requests)
    held, tick = ticked(fake, tick.cursor, six)
    assert (4, ()) == (held, tick.requests)
    fake.clock.time = DAY + timedelta(hours=6, minutes=1)
    held, tick = ticked(fake, tick.cursor, six)
    assert (0, [H1.plus(n) for n in range(5)]) == (held, [request.hour for request in tick.requests])
    held, tick = ticked(fake, tick.cursor, six)
    assert (0, ()) == (held, tick.requests)
