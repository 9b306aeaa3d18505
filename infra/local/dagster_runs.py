"""The runs and the daemon of the local Dagster instance, as `up` and `down` need to know them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

from flink_jobs.contracts.layout import Hour
from infra.commands.console import print_line
from orchestration.landing.sensor.run_tags import hours_of
from orchestration.stream.definitions import in_progress
from orchestration.stream.document import StreamDocument

IN_FLIGHT = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
WAITING = [DagsterRunStatus.QUEUED, DagsterRunStatus.NOT_STARTED]
POLL_SECONDS = 0.5
RUNS_READ_MAX = 1_000
"""Runs that are looked through for the newest one of an hour."""


def in_flight() -> list[DagsterRun]:
    """List the runs that a process executes, or executed when it was killed."""
    with DagsterInstance.get() as instance:
        return list(instance.get_runs(RunsFilter(statuses=IN_FLIGHT)))


def unfinished() -> bool:
    """Return whether a run is in flight or queued."""
    with DagsterInstance.get() as instance:
        return bool(instance.get_runs(RunsFilter(statuses=[*IN_FLIGHT, *WAITING]), limit=1))


def hours_in_progress(document: StreamDocument) -> set[Hour]:
    """Return the hours of a stream with an unfinished run; none where no instance was ever started."""
    if not is_instance():
        return set()
    with DagsterInstance.get() as instance:
        return in_progress.hours_in_progress(instance, document)


def newest_runs(document: StreamDocument, hours: Collection[Hour]) -> dict[Hour, DagsterRun]:
    """Return the newest run of the stream's job for each of some hours, of the last 1,000 runs.

    Hours without a run among them are absent; so are all where no instance was ever started.
    """
    if not hours or not is_instance():
        return {}
    found: dict[Hour, DagsterRun] = {}
    with DagsterInstance.get() as instance:
        for run in instance.get_runs(RunsFilter(job_name=document.keys.named("publish_hour")), limit=RUNS_READ_MAX):
            for hour in set(hours) & set(hours_of(run.tags)):
                found.setdefault(hour, run)
    return found


def is_instance() -> bool:
    """Return whether `DAGSTER_HOME` holds an instance."""
    home = os.environ.get("DAGSTER_HOME")
    return bool(home) and (Path(str(home)) / "dagster.yaml").exists()


def fail_abandoned(report: Callable[[str], None]) -> None:
    """Mark the runs of an earlier start as failed, so that the daemon retries them.

    A killed run stays `STARTED`, and its run key keeps its hour from being requested again. Call this only before the
    code server starts, which is the parent of its runs: no run of this instance can be alive then.
    """
    with DagsterInstance.get() as instance:
        for run in instance.get_runs(RunsFilter(statuses=IN_FLIGHT)):
            report(f"run {run.run_id[:8]} was killed by the last stop: it is retried")
            instance.report_run_failed(run, "The process of this run ended with its code server.")


def wait_until_finished(seconds_max: float, report: Callable[[str], None]) -> None:
    """Wait until no run is in flight, at most `seconds_max` seconds."""
    deadline = time.monotonic() + seconds_max
    reported = False
    while time.monotonic() < deadline:
        runs = in_flight()
        if not runs:
            return
        if not reported:
            report(f"waiting for {len(runs)} run(s) to finish")
            reported = True
        time.sleep(POLL_SECONDS)


def daemons_beat_since(moment: datetime) -> bool:
    """Return whether every daemon that the instance needs has sent a heartbeat since `moment`."""
    with DagsterInstance.get() as instance:
        beats = instance.get_daemon_heartbeats()
        return all(
            daemon in beats and beats[daemon].timestamp >= moment.timestamp()
            for daemon in instance.get_required_daemon_types()
        )


if __name__ == "__main__":
    fail_abandoned(print_line)
