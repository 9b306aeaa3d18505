"""Recognize a job that failed because Flink could not restore its checkpoint or savepoint. Pure."""

from __future__ import annotations

from flink_jobs.errors import RestoreRefusedError

RESTORING = "org.apache.flink.runtime.checkpoint.CheckpointCoordinator.restoreSavepoint"
"""The method of Flink that is on the stack when a checkpoint or savepoint cannot be read, or does not fit the job."""


def restore_failure_of(trace: str, path: str | None) -> RestoreRefusedError | None:
    """Tell a job that failed for its restore point from one that failed for anything else."""
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
