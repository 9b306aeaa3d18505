"""`dagster-daemon run` with named points in it: python -m tests.daemon.daemon --workspace FILE.

The only module that replaces private functions of Dagster. It names the points of a sensor tick in the order of
`dagster._daemon.sensor`, release 1.13:

    TICK_CREATED        the tick is in the storage
    EVALUATING          (in the code server, `world`) the sensor asks the broker
    EVALUATED           the code server has answered, nothing of the answer is stored
    RUN_IDS_RESERVED    the tick has its requests, their run ids and the new cursor
    RUNS_FETCHED        the runs with the same run keys were looked up
    RUN_CREATED         the first run is created and not queued
    RUN_LAUNCHED        the first run is queued
    TICK_FINISHED       the tick is stored as a success, the state of the sensor has the old cursor
    CURSOR_WRITTEN      the state of the sensor has the new cursor

PAUSED is between two ticks: the loop has found that the interval of the sensor is not over. And of a launch:

    DEQUEUED            the run is STARTING, the code server knows nothing of it
    WORKER_SPAWNED      (in the run's process, `definitions`) the run is STARTING, its process loads the definitions
    PROVING             (in the run's process, `world`) the run is STARTED and has sealed nothing
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import dagster._time
from dagster._core.instance import DagsterInstance
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher
from dagster._core.scheduler.instigation import TickStatus
from dagster._daemon import sensor
from dagster._daemon.cli import run_command
from dagster._daemon.monitoring import run_monitoring

from tests.daemon.points import VARIABLE, reach

LOOP_SECONDS = 0.5
"""Pause of the loop over sensors; Dagster's is 5 s."""
CLOCK = "daemon_clock.seconds"
"""File below the folder of the points: how far the clock of the daemon is ahead."""
MONITORING_CLOCK = "monitoring_clock.seconds"
"""How far that of the search for runs that never started, or run too long, is ahead; `CLOCK` does not count there."""

_NAMES_OF_DAGSTER = {"AUTOMATION_EVALUATIONS_ADDED": "EVALUATED"}
Wrapped = Callable[..., Any]
"""A function of Dagster that is replaced."""


def main() -> None:
    """Run the daemon."""
    folder = Path(os.environ[VARIABLE])
    _name_points_of_a_tick()
    _name_points_of_a_launch()
    assert sensor.MIN_INTERVAL_LOOP_TIME > LOOP_SECONDS
    sensor.MIN_INTERVAL_LOOP_TIME = LOOP_SECONDS  # type: ignore[assignment]  # whole seconds there
    replace_clocks(folder)
    (folder / "daemon.pid").write_text(str(os.getpid()))
    run_command(sys.argv[1:], standalone_mode=False)


def _name_points_of_a_tick() -> None:
    finishing = threading.local()

    # Dagster's own crash flags are at these places; its daemon has no way to set them.
    def flagged(_check: Wrapped, _flags: object, key: str) -> None:
        reach(_NAMES_OF_DAGSTER.get(key, key))

    def fetched(fetch: Wrapped, *args: Any) -> Any:
        found = fetch(*args)
        reach("RUNS_FETCHED")
        return found

    def written(write: Wrapped, context: sensor.SensorLaunchContext) -> None:
        finishing.now = context.status is TickStatus.SUCCESS
        write(context)
        finishing.now = False

    def paused(is_under: Wrapped, *args: Any) -> Any:
        found = is_under(*args)
        if found:
            reach("PAUSED")
        return found

    def updated(update: Wrapped, instance: DagsterInstance, state: Any) -> Any:
        if not getattr(finishing, "now", False):
            return update(instance, state)
        reach("TICK_FINISHED")
        found = update(instance, state)
        reach("CURSOR_WRITTEN")
        return found

    _wrap(sensor, "check_for_debug_crash", flagged)
    _wrap(sensor, "fetch_existing_runs", fetched)
    _wrap(sensor, "is_under_min_interval", paused)
    _wrap(sensor.SensorLaunchContext, "_write", written)
    _wrap(DagsterInstance, "update_instigator_state", updated)


def _name_points_of_a_launch() -> None:
    def launched(launch: Wrapped, launcher: DefaultRunLauncher, context: Any) -> None:
        reach("DEQUEUED")
        launch(launcher, context)

    _wrap(DefaultRunLauncher, "launch_run", launched)


def replace_clocks(folder: Path) -> None:
    """Let the clocks of Dagster in this process follow the files of a folder."""

    def ahead(name: str) -> float:
        file = folder / name
        return time.time() + (float(file.read_text()) if file.exists() else 0)

    # Dagster's own tests replace these two, so they are behind everything that asks for the time
    _wrap(dagster._time, "_mockable_get_current_timestamp", lambda _now: ahead(CLOCK))
    _wrap(dagster._time, "_mockable_get_current_datetime", lambda _now: datetime.fromtimestamp(ahead(CLOCK), UTC))
    _wrap(run_monitoring, "get_current_timestamp", lambda _now: ahead(MONITORING_CLOCK))


def _wrap(owner: Any, name: str, wrapper: Callable[..., Any]) -> None:
    """Replace a function of Dagster by one that gets it as its first argument; without it, the release is another."""
    original = getattr(owner, name)

    @wraps(original)
    def replaced(*args: Any, **kwargs: Any) -> Any:
        return wrapper(original, *args, **kwargs)

    setattr(owner, name, replaced)


if __name__ == "__main__":
    main()
