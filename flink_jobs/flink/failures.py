"""Recognize why a job failed for good, from the stack trace of Flink. Pure."""

from __future__ import annotations

import re

from flink_jobs.errors import LandingJobError, RestoreRefusedError, TopicChangedError

RESTORING = "org.apache.flink.runtime.checkpoint.CheckpointCoordinator.restoreSavepoint"
"""The method of Flink that is on the stack when a checkpoint or savepoint cannot be read, or does not fit the job."""

_TOPIC_CHANGED = re.compile(r"io\.hourglass\.landing\.kafka\.TopicChangedException: (?P<message>.+)")
"""The exception of the landing job after which Flink does not restart it."""


def lasting_failure_of(trace: str, path: str | None) -> LandingJobError | None:
    """Return our error for a job that failed for its topic or its restore point; None for any other failure."""
    if changed := _TOPIC_CHANGED.search(trace):
        return TopicChangedError(changed["message"])
    return RestoreRefusedError(unrestorable(path, trace)) if RESTORING in trace else None


def unrestorable(path: str | None, reason: str) -> str:
    """Describe why a restore point cannot be used, with the repair; a stack trace is cut to its last cause."""
    causes = [line for line in reason.splitlines() if line.startswith("Caused by: ")] or [reason]
    cause = causes[-1].removeprefix("Caused by: ").strip()
    return (
        f"{path or 'the checkpoint'} cannot be restored: {cause}. An older one would land "
        "records twice: put this one back from a copy, or start with `hourglass job start --from-ledger`, which "
        "continues after the ledger's last entry of each partition"
    )
