"""Recognize why a job has ended, from the stack trace of Flink. Pure."""

from __future__ import annotations

import re

from flink_jobs.errors import (
    JobCancelledError,
    JobFailedError,
    LandingJobError,
    RestoreRefusedError,
    TopicChangedError,
)

RESTORING = "org.apache.flink.runtime.checkpoint.CheckpointCoordinator.restoreSavepoint"
"""The method of Flink that is on the stack when a checkpoint or savepoint cannot be read, or does not fit the job."""
CANCELLED = "org.apache.flink.runtime.client.JobCancellationException"

CAUSES_SHOWN = 3
CAUSE = "Caused by: "
_TOPIC_CHANGED = re.compile(r"io\.hourglass\.landing\.kafka\.TopicChangedException: (?P<message>.+)")
"""The exception of the landing job after which Flink does not restart it."""


def failure_of(trace: str, path: str | None) -> LandingJobError:
    """Return our error for a job that has ended and was not stopped with a savepoint.

    Args:
        trace: the exception that Flink reports for the job.
        path: of the restore point from which it was started.
    """
    if lasting := lasting_failure_of(trace, path):
        return lasting
    if CANCELLED in trace:
        return JobCancelledError("the job was cancelled, without a savepoint")
    return JobFailedError(f"the job failed for good: {'; '.join(root_causes(trace))}")


def lasting_failure_of(trace: str, path: str | None) -> LandingJobError | None:
    """Return our error for a job that failed for its topic or its restore point; None for any other failure."""
    if changed := _TOPIC_CHANGED.search(trace):
        return TopicChangedError(changed["message"])
    return RestoreRefusedError(unrestorable(path, trace)) if RESTORING in trace else None


def root_causes(trace: str) -> list[str]:
    """Return the last causes of a stack trace; a cause whose message repeats in the one before it is left out."""
    causes: list[str] = []
    for cause in _causes(trace)[-CAUSES_SHOWN:] or trace.splitlines()[:1]:
        message = cause.partition(": ")[2] or cause
        if not (causes and message in causes[-1]):
            causes.append(cause)
    return causes


def unrestorable(path: str | None, reason: str) -> str:
    """Describe why a restore point cannot be used, with the repair; a stack trace is cut to its last cause."""
    cause = (_causes(reason) or [reason.strip()])[-1]
    return (
        f"{path or 'the checkpoint'} cannot be restored: {cause}. An older one would land "
        "records twice: put this one back from a copy, or start with `hourglass job start --from-ledger`, which "
        "continues after the ledger's last entry of each partition"
    )


def _causes(trace: str) -> list[str]:
    return [line.removeprefix(CAUSE).strip() for line in trace.splitlines() if line.startswith(CAUSE)]
