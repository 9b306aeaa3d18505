"""Why the newest job of this machine has ended, from the logs that it left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flink_jobs.contracts.clock import Clock, SystemClock
from flink_jobs.deploy.advice import explained
from flink_jobs.deploy.process import JobProcess
from flink_jobs.errors import JobCancelledError, JobFailedError, LandingJobError
from flink_jobs.settings import LandingSettings

POLL_SECONDS = 1.0
OUT_OF_MEMORY = "java.lang.OutOfMemoryError"
TRACES = ("Traceback", "Exception")
"""Of the driver and of Java in what they printed."""
AGAIN = "`hourglass job start` continues from the newest restore point"


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a job that was not stopped with a savepoint."""

    error: LandingJobError
    at: datetime | None
    """When its driver logged the error, else when Flink wrote to its log for the last time."""
    restarts: int
    """How often Flink restarted it before."""

    def as_status(self) -> dict[str, Any]:
        """Return what `hourglass job status` prints."""
        return {"state": "ENDED", "ended": str(self.error), "ended_at": self.at, "restarts": self.restarts}


def ended_with(settings: LandingSettings) -> Ending | None:
    """Return how the newest job of this machine ended; None while it lives, after a stop, and before the first start.

    A process that was killed has no error in its log: the end is then described by what is there.
    """
    process = JobProcess(settings, SystemClock())
    log = process.driver_log()
    if process.find() or log.stopped or not process.was_started:
        return None
    error = log.error or JobFailedError(_silent_end(process))
    if isinstance(error, JobFailedError | JobCancelledError):
        error = type(error)(f"{explained(settings, str(error), process.newest_causes)}\n{AGAIN}")
    return Ending(error, log.ended_at or _last_written(process), process.restarts(log.job_id) if log.job_id else 0)


def wait_for_ending(settings: LandingSettings, clock: Clock) -> Ending | None:
    """Wait until the job of this machine has ended, and return how; None after a stop with a savepoint."""
    while JobProcess(settings, clock).find() is not None:
        clock.sleep(POLL_SECONDS)
    return ended_with(settings)


def _silent_end(process: JobProcess) -> str:
    if OUT_OF_MEMORY in process.output():
        return "Java ran out of memory: raise HOURGLASS_FLINK_HEAP"
    if any(sign in process.output() for sign in TRACES):
        return f"its process ended.\n{process.why_it_ended()}"
    return "its process ended and logged no reason, as after a kill or a reboot"


def _last_written(process: JobProcess) -> datetime | None:
    try:
        return datetime.fromtimestamp(process.log.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None
