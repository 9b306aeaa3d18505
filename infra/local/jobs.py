"""The landing jobs of the local stack, where `hourglass job` starts them: as processes of this machine."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Protocol

from flink_jobs import deploy
from flink_jobs.errors import LandingJobError
from flink_jobs.settings import LandingSettings
from infra.local.processes import StackError, end_tree, process_tree

Report = Callable[[str], None]
"""Takes one line of progress."""


class Jobs(Protocol):
    """Starts and ends landing jobs. The local stack has `LocalJobs`; the tests of the images have containers."""

    def lives(self, job: LandingSettings) -> bool:
        """Return whether a process of the job exists."""

    def start(self, job: LandingSettings, report: Report) -> None:
        """Start or continue the job, and wait until it reads.

        Raises:
            StackError: with the reason.
        """

    def stop(self, job: LandingSettings, report: Report, *, now: bool) -> None:
        """End the job if it lives, with a savepoint unless `now`."""

    def kill(self, job: LandingSettings) -> None:
        """Kill -9 every process of the job."""

    def memory_bytes(self, job: LandingSettings) -> int:
        """Return the resident memory of the job's processes."""


class LocalJobs:
    """Landing jobs as processes of this machine."""

    def lives(self, job: LandingSettings) -> bool:
        """Return whether the job's process exists."""
        return deploy.process_id(job) is not None

    def start(self, job: LandingSettings, report: Report) -> None:
        """Start the job from its newest checkpoint or savepoint."""
        try:
            deploy.start(job, offsets=job.starting_offsets, report=report)
        except LandingJobError as exc:
            raise StackError(f"{job.job_name}: {exc}") from exc

    def stop(self, job: LandingSettings, report: Report, *, now: bool) -> None:
        """Stop the job; where it can make no savepoint, end it as it is."""
        pid = deploy.process_id(job)
        if pid is None:
            return
        tree = process_tree(pid)
        if not now:
            stop_with_savepoint(job, report)
        end_tree(tree, limit_seconds=10)
        deploy.process_id(job)  # reaps a job that this process has started

    def kill(self, job: LandingSettings) -> None:
        """Kill -9 the job's process group."""
        if pid := deploy.process_id(job):
            os.killpg(pid, signal.SIGKILL)

    def memory_bytes(self, job: LandingSettings) -> int:
        """Return the resident memory of the job's processes."""
        pid = deploy.process_id(job)
        tree = process_tree(pid) if pid else []
        return sum(process.memory_info().rss for process in tree if process.is_running())


def stop_with_savepoint(job: LandingSettings, report: Report) -> None:
    """Stop the job with a savepoint; where it can make none, it runs on, and the reason is reported."""
    try:
        deploy.stop(job)
    except LandingJobError as exc:
        reason = str(exc).partition("\n")[0]
        report(f"no savepoint was made ({reason}); the next start uses the newest checkpoint")
