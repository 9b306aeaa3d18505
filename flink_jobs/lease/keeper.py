"""Keep the lease of a running job, and keep the job from landing anything while it has none."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from flink_jobs.contracts.clock import Clock
from flink_jobs.errors import LeaseLostError
from flink_jobs.lease.record import Lease, Renewals

RENEWALS_PER_LEASE = 3
RETRY_SECONDS = 1.0


class Job(Protocol):
    """The process that lands, as the keeper of its lease sees it."""

    def pause(self) -> str:
        """Let it do nothing from this moment on, and say what becomes of it."""
        ...

    def resume(self) -> None:
        """Let it go on."""
        ...

    def prolong(self) -> None:
        """Learn that the lease stands for its whole time from now on."""
        ...

    def end(self) -> None:
        """End it at once, together with this process."""
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """A lease and what became of it so far.

    Attributes:
        lease: as it was written last.
        renewed_at: by this machine's monotonic clock, which all its processes share.
        paused: whether the job stands still because the lease has run out.
    """

    lease: Lease
    renewed_at: float
    paused: bool = False


class LeaseKeeper:
    """Renews a lease in the background.

    While the bucket cannot be reached for as long as the lease stands, the job is paused: another one may have taken
    the stream, and what this one would send after the bucket is back could come before the question who holds it.
    When it is still the holder the job goes on; when it is not, everything ends.

    Args:
        renewals: of the stream.
        kept: that this process holds.
        job: what to pause and to end.
        clock: measures since the last renewal.
        report: gets a line when something happens.
    """

    def __init__(self, renewals: Renewals, kept: Kept, job: Job, clock: Clock, report: Callable[[str], None]) -> None:
        self._leases = renewals
        self._lease = kept.lease
        self._job = job
        self._clock = clock
        self._report = report
        self._renewed_at = kept.renewed_at
        self._paused = kept.paused
        self._failure = ""
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._unwatched = threading.Event()
        self._asked = threading.Event()
        self._threads = [threading.Thread(target=loop, daemon=True) for loop in (self._keep, self._watch)]
        self._job_id: str | None = None

    def start(self) -> None:
        """Begin to renew."""
        for thread in self._threads:
            thread.start()

    def name_job(self, job_id: str) -> None:
        """Tell which job it is, and let the lease say so soon."""
        self._job_id = job_id
        self._asked.set()

    def release(self) -> None:
        """Stop renewing and give the stream free: only when the job has come to its end."""
        self._leases.release(self.stop().lease)

    def stop(self) -> Kept:
        """Stop renewing, then watching, and say how it stands: another keeper goes on from there, at once."""
        keeping, watching = self._threads
        self._over.set()
        self._asked.set()
        keeping.join()  # a renewal that is under way may take longer than the lease stands: until then it is watched
        self._unwatched.set()
        watching.join()
        return Kept(self._lease, self._renewed_at, self._paused)

    def renew(self) -> float:
        """Renew once, and return after how many seconds to do it again."""
        asked_at = self._clock.monotonic()
        try:
            self._lease = self._leases.renew(self._lease, self._job_id)
        except LeaseLostError as error:
            self._report(str(error))
            self._job.end()
        except Exception as error:  # noqa: BLE001 - the outer edge of a thread: whatever it is, the job must not go on
            if repr(error) != self._failure:  # once: while the job is paused nobody reads what this process says
                self._failure = repr(error)
                self._report(f"the lease cannot be renewed: {error!r}")
            return RETRY_SECONDS
        self._failure = ""
        with self._lock:
            self._renewed_at = asked_at
            if self._paused:
                self._paused = False
                self._report("the lease is renewed: the job goes on")
                self._job.resume()
        self._job.prolong()
        return self._lease.record.renewal_seconds / RENEWALS_PER_LEASE

    def watch(self) -> float:
        """Pause the job when the lease has run out, and return after how many seconds to look again."""
        seconds = self._lease.record.renewal_seconds
        with self._lock:
            left_seconds = self._renewed_at + seconds - self._clock.monotonic()
            if left_seconds > 0:
                return left_seconds
            if not self._paused:
                self._paused = True
                what = self._job.pause()
                self._report(f"the lease is not renewed for {seconds:.0f} s: {what}")
        return RETRY_SECONDS

    def _keep(self) -> None:
        wait_seconds = self._lease.record.renewal_seconds / RENEWALS_PER_LEASE
        while True:
            self._asked.wait(wait_seconds)
            self._asked.clear()
            if self._over.is_set():
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

    def pause(self) -> str:
        """Stop every thread of it where it stands."""
        os.kill(self._pid, signal.SIGSTOP)
        return "the job pauses until it is"

    def resume(self) -> None:
        """Let its threads run."""
        os.kill(self._pid, signal.SIGCONT)

    def prolong(self) -> None:
        """Do nothing: it runs until it is paused."""

    def is_over(self) -> bool:
        """Say yes: it never outlives the answer of its Java process."""
        return True

    def end(self) -> None:
        """Kill it and this process; nothing of them runs another step."""
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        sys.stderr.flush()
        os._exit(1)
