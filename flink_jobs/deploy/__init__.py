"""The commands around the landing job: start, stop, restart, status, upgrade, sweep, plan."""

from flink_jobs.deploy.commands import JobHandle, JobStatus, cancel, process_id, restart, start, status, stop

__all__ = ["JobHandle", "JobStatus", "cancel", "process_id", "restart", "start", "status", "stop"]
