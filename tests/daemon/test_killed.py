"""The daemon is killed at each point of a tick and of a launch: afterwards every hour is published once.

The tests share one storage and one bucket: each lands the following hours of one stream, and uses the daemon that the
previous one has left.
"""

from __future__ import annotations

import pytest
from dagster import DagsterRunStatus

from tests.daemon.daemon import CLOCK, MONITORING_CLOCK
from tests.daemon.points import Action
from tests.daemon.station import Station
from tests.daemon.verdict import require_published_once, runs, wait_until_published

A_DAY_AND_AN_HOUR = 25 * 3600
PAST_START_TIMEOUT = 3600 + 600
"""Seconds; a test before may have left the clock of the daemon an hour ahead."""


@pytest.mark.parametrize(
    "points",
    [
        pytest.param(["TICK_CREATED"], marks=pytest.mark.long),
        pytest.param(["EVALUATED"], marks=pytest.mark.long),
        pytest.param(["RUN_IDS_RESERVED"], marks=pytest.mark.long),
        pytest.param(["RUN_CREATED"], marks=pytest.mark.long),
        ["RUN_LAUNCHED", "TICK_FINISHED"],
        pytest.param(["TICK_FINISHED"], marks=pytest.mark.long),
        pytest.param(["CURSOR_WRITTEN"], marks=pytest.mark.long),
    ],
    ids=" then ".join,
)
def test_a_daemon_that_is_killed_in_a_tick_publishes_each_hour_once(station: Station, points: list[str]) -> None:
    """The next daemon continues the tick where the storage has it, or evaluates the sensor with the former cursor."""
    for point in points:
        station.points.arm(point)
    revisions = dict.fromkeys(station.land(2), 1)
    for point in points:
        station.start_daemon()
        station.wait_until_killed(point)
    station.start_daemon()
    require_published_once(station, revisions)


@pytest.mark.long
def test_daemon_and_code_server_that_are_killed_in_an_evaluation_publish_each_hour_once(station: Station) -> None:
    """Nothing of an evaluation is stored before its end."""
    station.points.arm("EVALUATING", Action.KILL_WITH_DAEMON)
    revisions = dict.fromkeys(station.land(1), 1)
    station.start_daemon()
    station.wait_until_killed("EVALUATING")
    station.replace_code_server()
    station.start_daemon()
    require_published_once(station, revisions)


@pytest.mark.long
def test_a_daemon_that_is_killed_between_launch_and_start_publishes_each_hour_once(station: Station) -> None:
    """The run stays STARTING until the start timeout of the instance; then it is retried.

    It is a run of several hours.
    """
    station.points.arm("DEQUEUED")
    revisions = dict.fromkeys(station.land(4), 1)
    station.start_daemon()
    station.wait_until_killed("DEQUEUED")
    (launched,) = runs(station, revisions)
    assert DagsterRunStatus.STARTING is launched.status
    station.points.set_clock(MONITORING_CLOCK, PAST_START_TIMEOUT)
    station.start_daemon()
    station.wait_for(lambda: runs(station, revisions)[-1].status is DagsterRunStatus.FAILURE, "the launch has failed")
    station.points.set_clock(MONITORING_CLOCK, 0)
    require_published_once(station, revisions)


@pytest.mark.long
def test_a_run_whose_process_is_killed_before_its_start_is_retried(station: Station) -> None:
    """The code server sees the end of the process."""
    station.points.arm("WORKER_SPAWNED")
    revisions = dict.fromkeys(station.land(1), 1)
    station.start_daemon()
    station.wait_for(lambda: bool(station.points.reached_by("WORKER_SPAWNED")), "a run's process starts")
    require_published_once(station, revisions)
    assert {DagsterRunStatus.FAILURE, DagsterRunStatus.SUCCESS} == {run.status for run in runs(station, revisions)}


@pytest.mark.long
def test_a_tick_that_is_too_old_to_be_taken_up_loses_no_hour(station: Station) -> None:
    """Dagster drops an interrupted tick after 24 h, and the sensor is evaluated with the former cursor."""
    station.points.arm("RUN_IDS_RESERVED")
    revisions = dict.fromkeys(station.land(2), 1)
    station.start_daemon()
    station.wait_until_killed("RUN_IDS_RESERVED")
    station.points.advance_clock(CLOCK, A_DAY_AND_AN_HOUR)
    station.points.set_clock(MONITORING_CLOCK, PAST_START_TIMEOUT)
    station.start_daemon()
    wait_until_published(station, revisions)
    station.points.set_clock(MONITORING_CLOCK, 0)
    require_published_once(station, revisions)
