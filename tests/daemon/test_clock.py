"""Zones and clocks that jump: an hour is a UTC hour, and is published once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from flink_jobs.contracts.layout import HOUR, Hour
from tests.daemon.daemon import CLOCK
from tests.daemon.points import Action
from tests.daemon.station import FIRST_HOUR, Station
from tests.daemon.verdict import (
    published_hours,
    require_published_once,
    runs,
    wait_until_published,
)

HOUR_SECONDS = 3600
DST_IN_NEW_YORK = Hour.from_label("2025-11-02T06")
"""The clocks of New York show the hour before it once more."""


@pytest.fixture
def _zone(station: Station, request: pytest.FixtureRequest) -> Iterator[None]:
    """Start code server and daemon in a zone, and go back to UTC afterwards."""
    station.stop_daemon()
    station.replace_code_server(zone=request.param)
    yield
    station.stop_daemon()
    station.replace_code_server()


@pytest.mark.parametrize(
    "_zone",
    [
        "America/New_York",
        pytest.param("Asia/Kolkata", marks=pytest.mark.long),
        pytest.param("Pacific/Auckland", marks=pytest.mark.long),
    ],
    indirect=True,
)
@pytest.mark.usefixtures("_zone")
def test_the_zone_of_the_machine_changes_no_hour(station: Station) -> None:
    """The first hours of the stream contain the one that New York has twice: keys, tags, rows and cursor are UTC."""
    hours = station.land(6)
    revisions = dict.fromkeys(hours, 1)
    station.start_daemon()
    require_published_once(station, revisions)
    assert {hours[0].partition_key} == {run.tags["dagster/asset_partition_range_start"] for run in runs(station, hours)}
    if hours[0] == FIRST_HOUR:
        assert DST_IN_NEW_YORK in hours


@pytest.mark.long
def test_a_clock_that_jumps_by_an_hour_publishes_each_hour_once(station: Station) -> None:
    """An hour waits for the offsets of its records when the clock is fast, and for its end when it is slow."""
    station.start_daemon()
    (early,) = station.stream.land(1)
    station.write_world(ahead=HOUR)
    wait_until_published(station, {early: 1})
    station.wait_for_ticks(3)
    assert early.plus(1) not in published_hours(station)

    (late,) = station.stream.land(1)
    station.write_world(ahead=-HOUR)
    station.wait_for_ticks(3)
    assert late not in published_hours(station)

    station.write_world()
    require_published_once(station, {early: 1, late: 1})


@pytest.mark.long
def test_a_daemon_whose_clock_goes_back_by_an_hour_publishes_each_hour_once(station: Station) -> None:
    """Dagster pauses the sensor until the time of its last tick has passed once more, also in a new daemon.

    A daemon that is alive when the clock goes back sleeps as long: its loop subtracts two times of day.
    """
    station.start_daemon()
    station.points.advance_clock(CLOCK, HOUR_SECONDS)
    early = dict.fromkeys(station.land(1), 1)
    wait_until_published(station, early)

    station.stop_daemon()
    station.points.advance_clock(CLOCK, -HOUR_SECONDS)
    station.points.arm("PAUSED", Action.HOLD)
    late = dict.fromkeys(station.land(1), 1)
    station.start_daemon()
    station.wait_for(lambda: bool(station.points.reached_by("PAUSED")), "the sensor pauses")
    station.points.advance_clock(CLOCK, HOUR_SECONDS)
    station.points.release("PAUSED")
    require_published_once(station, early | late)
