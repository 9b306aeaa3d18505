"""The runs of the local Dagster instance: wait for them at a stop, fail what a crash left behind at a start."""

from __future__ import annotations

import time
from collections.abc import Callable

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

IN_FLIGHT = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
WAITING = [DagsterRunStatus.QUEUED, DagsterRunStatus.NOT_STARTED]
POLL_SECONDS = 0.5


def in_flight() -> list[DagsterRun]:
    """List the runs that a process works on, or worked on when it was killed."""
    with DagsterInstance.get() as instance:
        return list(instance.get_runs(RunsFilter(statuses=IN_FLIGHT)))


def unfinished() -> bool:
    """Say whether a run is in flight or waits for its turn."""
    with DagsterInstance.get() as instance:
        return bool(instance.get_runs(RunsFilter(statuses=[*IN_FLIGHT, *WAITING]), limit=1))


def fail_abandoned(report: Callable[[str], None]) -> None:
    """Mark runs as failed whose process cannot live any more, so that the daemon retries them.

    Without this a run that was killed stays `STARTED` for ever, and its run key keeps the hour from being asked
    for again. Only right before the daemon starts: no run of this instance can be alive then.
    """
    with DagsterInstance.get() as instance:
        for run in instance.get_runs(RunsFilter(statuses=IN_FLIGHT)):
            report(f"run {run.run_id[:8]} was cut off by the last stop: it is retried")
            instance.report_run_failed(run, "The process of this run ended with the stack.")


def wait_until_finished(seconds_max: float, report: Callable[[str], None]) -> None:
    """Wait until no run is in flight, at most `seconds_max` seconds."""
    deadline = time.monotonic() + seconds_max
    told = False
    while time.monotonic() < deadline:
        runs = in_flight()
        if not runs:
            return
        if not told:
            report(f"waiting for {len(runs)} run(s) to finish")
            told = True
        time.sleep(POLL_SECONDS)
