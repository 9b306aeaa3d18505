"""Renew the lease of a running job in the background, and end the job when it no longer holds its stream."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from flink_jobs.contracts.clock import Clock
from flink_jobs.errors import LeaseLostError
from flink_jobs.job_log import LOG
from flink_jobs.lease.acquire import Leases, expired
from flink_jobs.lease.record import HeldLease

RENEWALS_PER_LEASE = 3
RETRY_SECONDS = 1.0
WATCH_SECONDS_MAX = 1.0
"""While a machine is suspended its clock goes on and the timeout of a wait does not, so the watch looks this often."""


class Job(Protocol):
    """The job that lands, as the keeper of its lease sees it."""

    def submitted(self, job_id: str) -> None:
        """Learn the id of the job."""
        ...

    def prolong(self) -> None:
        """Called after each renewal: the lease is valid for its whole time again."""
        ...

    def end(self) -> None:
        """End the job at once, and the Java process that submitted it."""
        ...


class LeaseKeeper:
    """Renews a lease in one thread, and watches in another one that it is still valid.

    A lease that is lost or has run out is the end of the job and of this process, without another step of the job:
    another job may have acquired the stream. The next start continues from the newest checkpoint. A process that stood
    still (SIGSTOP, a suspended machine) finds its lease run out when it wakes up.

    Args:
        leases: of the stream.
        lease: that this process holds.
        job: to end.
        clock: measures the time since the last renewal.
        leave: ends this process.
    """

    def __init__(
        self, leases: Leases, lease: HeldLease, job: Job, clock: Clock, leave: Callable[[int], object] = os._exit
    ) -> None:
        self._leases = leases
        self._lease = lease
        self._job = job
        self._clock = clock
        self._leave = leave
        self._job_id: str | None = None
        self._failure = ""
        self._ending = threading.Lock()
        self._stopped = threading.Event()
        self._unwatched = threading.Event()
        self._wanted = threading.Event()
        self._threads = [threading.Thread(target=loop, daemon=True) for loop in (self._keep, self._watch)]

    def start(self) -> None:
        """Begin to renew and to watch."""
        for thread in self._threads:
            thread.start()

    def name_job(self, job_id: str) -> None:
        """Write the id of the job into the lease with the next renewal, which is due now."""
        self._job_id = job_id
        self._job.submitted(job_id)
        self._wanted.set()

    def release(self) -> None:
        """Stop renewing and release the lease; only for a job that is over."""
        self.stop()
        self._leases.release(self._lease)

    def stop(self) -> None:
        """Stop renewing. A renewal in progress can outlast the lease, so it is watched until its end."""
        keeping, watching = self._threads
        self._stopped.set()
        self._wanted.set()
        keeping.join()
        self._unwatched.set()
        watching.join()

    def renew(self) -> float:
        """Renew once, and return the seconds until the next renewal."""
        try:
            self._lease = self._leases.renew(self._lease, self._job_id)
        except LeaseLostError as error:
            self._end(error)
            return RETRY_SECONDS
        except Exception as error:  # noqa: BLE001 - the outer edge of a thread: without a renewal the job must end
            if repr(error) != self._failure:
                self._failure = repr(error)
                left_seconds = max(self._lease.seconds_left(self._clock.monotonic()), 0)
                LOG.warning("the lease cannot be renewed, the job ends in %.0f s: %r", left_seconds, error)
            return RETRY_SECONDS
        self._failure = ""
        self._job.prolong()
        return self._lease.record.renewal_seconds / RENEWALS_PER_LEASE

    def watch(self) -> float:
        """End the job when the lease has run out; else return the seconds until the next look."""
        left_seconds = self._lease.seconds_left(self._clock.monotonic())
        if left_seconds <= 0:
            self._end(expired(self._lease))
        return min(left_seconds, WATCH_SECONDS_MAX)

    def _end(self, error: LeaseLostError) -> None:
        """End first and log afterwards: a write to a log can block."""
        with self._ending:
            self._job.end()
            last = f"; the last renewal failed: {self._failure}" if self._failure else ""
            LOG.error("%s: %s%s", type(error).__name__, error, last)
            self._leave(1)

    def _keep(self) -> None:
        wait_seconds = self._lease.record.renewal_seconds / RENEWALS_PER_LEASE
        while True:
            self._wanted.wait(wait_seconds)
            self._wanted.clear()
            if self._stopped.is_set():
                return
            wait_seconds = self.renew()

    def _watch(self) -> None:
        while not self._unwatched.wait(self.watch()):
            pass


class LocalJob:
    """The job in the Java process that started this one.

    Args:
        pid: of the Java process.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def submitting(self) -> None:
        """Do nothing: see `is_over`."""

    def submitted(self, job_id: str) -> None:
        """Do nothing: the job is the Java process."""

    def prolong(self) -> None:
        """Do nothing: the job needs no permission to run on."""

    def is_over(self) -> bool:
        """Return true: when Java has answered that submission or execution failed, nothing of the job is left."""
        return True

    def end(self) -> None:
        """Kill the Java process."""
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
