"""Two daemons, a code server that is away, definitions that are reloaded: every hour is published once."""

from __future__ import annotations

import pytest
from dagster import DagsterRunStatus

from tests.daemon.daemon import MONITORING_CLOCK
from tests.daemon.points import Action
from tests.daemon.station import Station
from tests.daemon.verdict import require_published_once, runs, wait_until_published

PAST_MAX_RUNTIME = 3 * 3600
"""Seconds."""


def test_two_daemons_that_request_the_same_hours_publish_each_once(station: Station) -> None:
    """Both evaluate with the same cursor, and both look for runs with their run keys before one is created.

    Dagster then creates two runs for one run key, and both run at the same time: the seal and the publication are
    create-only.
    """
    station.start_daemon()
    station.start_daemon("second")
    for point in ("EVALUATED", "RUNS_FETCHED"):
        station.points.arm(point, Action.HOLD)
    revisions = dict.fromkeys(station.land(1), 1)
    for point in ("EVALUATED", "RUNS_FETCHED"):
        station.wait_for(lambda its=point: len(station.points.reached_by(its)) == 2, f"both daemons are at {point}")  # type: ignore[misc]  # bound now
        station.points.release(point)
    wait_until_published(station, revisions)
    station.stop_daemon("second")
    require_published_once(station, revisions, runs_of_a_key=2)
    assert 2 == len([run for run in runs(station, revisions) if run.parent_run_id is None])


@pytest.mark.long
def test_two_daemons_that_submit_the_same_tick_publish_each_hour_once(station: Station) -> None:
    """The second daemon takes the tick of the first one for an interrupted one, and submits the same run ids."""
    station.start_daemon()
    station.points.arm("RUNS_FETCHED", Action.HOLD)
    revisions = dict.fromkeys(station.land(2), 1)
    station.wait_for(lambda: bool(station.points.reached_by("RUNS_FETCHED")), "the first daemon submits the tick")
    station.start_daemon("second")
    station.wait_for(lambda: len(station.points.reached_by("RUNS_FETCHED")) == 2, "the second one submits it as well")
    station.points.release("RUNS_FETCHED")
    wait_until_published(station, revisions)
    station.stop_daemon("second")
    require_published_once(station, revisions)


@pytest.mark.long
def test_a_code_server_that_is_away_in_a_tick_loses_no_hour(station: Station) -> None:
    """The tick fails and keeps the cursor; the daemon goes on when the code server is back."""
    station.start_daemon()
    station.points.arm("EVALUATING")
    revisions = dict.fromkeys(station.land(1), 1)
    station.wait_for(lambda: station.table.find("code") is None, "the code server dies in the tick")
    station.replace_code_server()
    require_published_once(station, revisions)


@pytest.mark.long
def test_a_code_server_that_is_away_at_a_launch_loses_no_hour(station: Station) -> None:
    """The run goes back into the queue until the code server is there again."""
    station.start_daemon()
    station.points.arm("DEQUEUED", Action.HOLD)
    revisions = dict.fromkeys(station.land(1), 1)
    station.wait_for(lambda: bool(station.points.reached_by("DEQUEUED")), "the run is launched")
    station.kill_code_server()
    station.points.release("DEQUEUED")
    station.wait_for(lambda: runs(station, revisions)[-1].status is not DagsterRunStatus.STARTING, "the launch fails")
    station.replace_code_server()
    require_published_once(station, revisions)


@pytest.mark.long
def test_a_code_server_that_dies_with_its_run_loses_no_hour(station: Station) -> None:
    """Nobody reports the end of the run: it counts as started until the longest time of a run is over."""
    station.start_daemon()
    station.points.arm("PROVING", Action.KILL_WITH_PARENT)
    revisions = dict.fromkeys(station.land(1), 1)
    station.wait_for(lambda: station.table.find("code") is None, "the code server dies with the run")
    station.replace_code_server()
    station.points.set_clock(MONITORING_CLOCK, PAST_MAX_RUNTIME)
    station.wait_for(lambda: runs(station, revisions)[-1].status is DagsterRunStatus.FAILURE, "the run is given up")
    station.points.set_clock(MONITORING_CLOCK, 0)
    require_published_once(station, revisions)


@pytest.mark.long
def test_definitions_that_are_reloaded_in_a_tick_lose_no_hour(station: Station) -> None:
    """The tick began with one code server and ends with another one, whose sensor has another interval."""
    station.start_daemon()
    station.points.arm("RUN_IDS_RESERVED", Action.HOLD)
    revisions = dict.fromkeys(station.land(2), 1)
    station.wait_for(lambda: bool(station.points.reached_by("RUN_IDS_RESERVED")), "the tick has its requests")
    station.kill_code_server()
    station.replace_code_server(variables={"HOURGLASS_SENSOR_SECONDS": "2"})
    station.points.release("RUN_IDS_RESERVED")
    require_published_once(station, revisions)
