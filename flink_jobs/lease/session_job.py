"""The landing job on a session cluster, as the keeper of its lease sees it: it can run on after its client died.

Flink cancels a job whose client has been silent for too long, and checks for such jobs periodically. So the lease of
such a job is valid for longer than its client renews it for: by one check interval and another lease time.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from flink_jobs.contracts.clock import SystemClock
from flink_jobs.errors import LandingJobError
from flink_jobs.flink.rest import CLIENT_CHECK_DEFAULT_SECONDS, FlinkRest, JobState
from flink_jobs.job_log import LOG
from flink_jobs.lease.keeper import LocalJob


class Cluster(Protocol):
    """See `FlinkRest`."""

    def job_state(self, job_id: str) -> JobState | None:
        """Ask for the state of a job; None where there is no such job."""
        ...

    def cancel(self, job_id: str) -> None:
        """Ask to end a job without a savepoint."""
        ...

    def prolong(self, job_id: str, until_milliseconds: int) -> None:
        """Set until when the job's client counts as alive."""
        ...

    def client_check_seconds(self) -> float | None:
        """Ask how often the cluster checks for silent clients."""
        ...


class SessionClusterJob:
    """A job that this process, its client, submits to a session cluster.

    Args:
        cluster: that runs it.
        client: the Java process that submits it, and that has started this one.
        lease_seconds: how long it may run without a renewal.
        milliseconds: the time since 1970, which the cluster's clock shares within a lease time.
        report: gets a line when something happens.
    """

    def __init__(
        self,
        cluster: Cluster,
        client: LocalJob,
        lease_seconds: float,
        milliseconds: Callable[[], int],
        report: Callable[[str], None],
    ) -> None:
        self._cluster = cluster
        self._client = client
        self._lease_seconds = lease_seconds
        self._milliseconds = milliseconds
        self._report = report
        self._may_run = False
        self._job_id: str | None = None
        self._failure = ""

    def outlives_seconds(self) -> float:
        """Return how long the job can run after its time has passed; the lease must be valid for that much longer.

        The cluster learns of each renewal at once, grants the lease's time from there, notices the silence at its next
        check, and cancels. Another lease time covers the cancellation and clocks that differ.
        """
        try:
            check_seconds = self._cluster.client_check_seconds()
        except LandingJobError:
            check_seconds = None
        return (check_seconds or CLIENT_CHECK_DEFAULT_SECONDS) + self._lease_seconds

    def submitting(self) -> None:
        """Expect the job on the cluster from now on, even if the answer to its submission is lost."""
        self._may_run = True

    def submitted(self, job_id: str) -> None:
        """Learn the id of the job."""
        self._job_id = job_id

    def prolong(self) -> None:
        """Let the cluster grant another lease time; a cluster that is away learns it next time, or cancels the job."""
        if self._job_id is None:
            return
        try:
            self._cluster.prolong(self._job_id, self._milliseconds() + round(self._lease_seconds * 1000))
        except LandingJobError as error:
            if str(error) != self._failure:
                self._failure = str(error)
                self._report(f"the cluster cannot be informed of the renewed lease: {error}")
        else:
            self._failure = ""

    def end(self) -> None:
        """Cancel the job and kill its client; without an answer the cluster cancels by itself after the lease time."""
        if self._job_id:
            with suppress(LandingJobError):
                self._cluster.cancel(self._job_id)
        self._client.end()

    def is_over(self) -> bool:
        """Return whether the job was never submitted, or the cluster that ran it reports its end.

        A restarted JobManager knows no job of its predecessor, whose tasks may still run.
        """
        if not self._may_run:
            return True
        if self._job_id is None:
            return False
        try:
            state = self._cluster.job_state(self._job_id)
        except LandingJobError:
            return False
        return state is not None and state.is_over


def job_of(jvm_pid: int, cluster: str | None, lease_seconds: float) -> LocalJob | SessionClusterJob:
    """Return the job that this process is about to submit.

    Args:
        jvm_pid: pid of the Java process that runs the job, or submits it.
        cluster: address of the session cluster that runs it; None where the Java process does.
        lease_seconds: how long it may run without a renewal.
    """
    local = LocalJob(jvm_pid)
    if cluster is None:
        return local
    return SessionClusterJob(FlinkRest(cluster), local, lease_seconds, SystemClock().epoch_milliseconds, LOG.warning)


def end_orphan(cluster: Cluster, report: Callable[[str], None], job_id: str) -> bool:
    """Cancel a job whose client has died, and return whether it is over; may be called until it is."""
    try:
        state = cluster.job_state(job_id)
        if state is None or state.is_over:
            return state is not None
        report(f"job {job_id} has lost its client: it is cancelled")
        cluster.cancel(job_id)
    except LandingJobError:
        pass  # the cluster is away: the lease has to run out
    return False
