"""The landing job on a session cluster, as the keeper of its lease sees it: another process, which may outlive ours.

Flink cancels a job whose client it has not heard for a while, and looks for such jobs now and then. So the lease of
such a job stands for longer than its holder can be silent: for the rest of what the cluster grants it, and once more.
"""

from __future__ import annotations

import os
import signal
import sys
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
        """Say until when the job's client is alive."""
        ...

    def client_check_seconds(self) -> float | None:
        """Ask how often the cluster looks for silent clients."""
        ...


class SessionClusterJob:
    """A job that was submitted to a session cluster by this process, its client.

    Args:
        cluster: that runs it.
        pid: of the Java process that submits it, and that has started this one.
        lease_seconds: how long it may go on without a renewal.
        milliseconds: the time of the day, as the cluster's clock tells it.
        report: gets a line when something happens.
        job_id: which job it is, once it is submitted.
    """

    def __init__(  # noqa: PLR0913 - two processes, two measures of time, one line to the outside
        self,
        cluster: Cluster,
        pid: int,
        lease_seconds: float,
        milliseconds: Callable[[], int],
        report: Callable[[str], None],
        *,
        job_id: str | None = None,
    ) -> None:
        self._cluster = cluster
        self._pid = pid
        self._lease_seconds = lease_seconds
        self._milliseconds = milliseconds
        self._report = report
        self._job_id = job_id
        self._failure = ""

    def outlives_seconds(self) -> float:
        """Tell for how long after its last permission the job may go on; the lease must stand that much longer.

        The cluster hears of a renewal at once, grants the lease's time from there, finds out at its next look, and
        cancels: a whole lease for the cancellation and for clocks that differ is more than enough.
        """
        try:
            check_seconds = self._cluster.client_check_seconds()
        except LandingJobError:
            check_seconds = None
        return (check_seconds or CLIENT_CHECK_DEFAULT_SECONDS) + self._lease_seconds

    def pause(self) -> str:
        """Cancel it: of what runs on other machines nothing can stand still. Its checkpoints stay."""
        if self._job_id is None:
            self._leave()
        self._cancel()
        return "the job is cancelled, start it again when the bucket is back"

    def resume(self) -> None:
        """Do nothing: it is over, and this process ends with it."""

    def prolong(self) -> None:
        """Let the cluster grant it another lease time; a cluster that is away learns it next time, or cancels."""
        if self._job_id is None:
            return
        try:
            self._cluster.prolong(self._job_id, self._milliseconds() + round(self._lease_seconds * 1000))
        except LandingJobError as error:
            if str(error) != self._failure:
                self._failure = str(error)
                self._report(f"the cluster does not learn that the lease is renewed: {error}")
        else:
            self._failure = ""

    def end(self) -> None:
        """Cancel it, and end this process."""
        self._cancel()
        self._leave()

    def is_over(self) -> bool:
        """Say whether the cluster knows that it has ended. A cluster without an answer, or without the job, does not.

        A JobManager that was started anew knows nothing of the jobs of its predecessor, which may still have tasks.
        """
        if self._job_id is None:
            return False
        try:
            state = self._cluster.job_state(self._job_id)
        except LandingJobError:
            return False
        return state is not None and state.is_over

    def _cancel(self) -> None:
        if self._job_id:
            with suppress(LandingJobError):  # then the cluster does it by itself when the lease has run out
                self._cluster.cancel(self._job_id)

    def _leave(self) -> None:
        """End the client: nobody reads its answers any more."""
        sys.stderr.flush()
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        os._exit(1)


def job_of(jvm_pid: int, cluster: str | None, lease_seconds: float, job_id: str | None) -> LocalJob | SessionClusterJob:
    """Say what the keeper of the lease can do to a job.

    Args:
        jvm_pid: pid of the Java process that runs it, or submits it.
        cluster: address of the session cluster that runs it; None where the Java process does.
        lease_seconds: how long it may go on without a renewal.
        job_id: which job it is, once it is submitted.
    """
    if cluster is None:
        return LocalJob(jvm_pid)
    milliseconds = SystemClock().epoch_milliseconds
    return SessionClusterJob(FlinkRest(cluster), jvm_pid, lease_seconds, milliseconds, LOG.info, job_id=job_id)


def end_orphan(cluster: Cluster, report: Callable[[str], None], job_id: str) -> bool:
    """Cancel a job whose client is dead, and say whether it is over; may be called until it is."""
    try:
        state = cluster.job_state(job_id)
        if state is None or state.is_over:
            return state is not None
        report(f"job {job_id} has lost its client: it is cancelled")
        cluster.cancel(job_id)
    except LandingJobError:
        pass  # the cluster is away: only the lease's time tells
    return False
