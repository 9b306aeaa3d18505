"""Count the cost of a peer's processes from their parent; no process that they start escapes.

The process that runs a peer adopts every orphan below it (Linux: child subreaper), so that processes which detach,
daemonise or are killed are reaped here, and their CPU time arrives in `RUSAGE_CHILDREN`.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

SAMPLE_SECONDS = 0.5
END_SECONDS_MAX = 20.0
POLL_SECONDS = 0.02
_PR_SET_CHILD_SUBREAPER = 36
_MEGABYTE = 10**6


class UsageError(Exception):
    """The cost cannot be counted on this machine, or the count is incomplete."""


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU time, wall time and memory of a peer.

    Attributes:
        cpu_seconds: user and system time of all processes below this one.
        wall_seconds: from the first call to the last process' end.
        rss_mb: the largest sum of resident memory over all samples, in 1e6 bytes; shared pages count for each process.
        left_behind: processes that the harness had to end.
    """

    cpu_seconds: float
    wall_seconds: float
    rss_mb: float
    left_behind: int


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise UsageError(f"this system has no child subreaper ({os.strerror(ctypes.get_errno())}): run it on Linux")


def measured(
    work: Callable[[], None], *, limit_seconds: float, kill_after_seconds: float | None = None
) -> tuple[Usage, bool]:
    """Do the work and count the cost of all processes below this one.

    Args:
        work: starts processes; returns, or raises when they are killed.
        limit_seconds: kill everything that lives longer, and everything that starts afterwards.
        kill_after_seconds: kill -9 all of them at this time, once.

    Returns:
        the usage, and whether anything was killed.
    """
    adopt_orphans()
    before, started = _children_seconds(), time.monotonic()
    observer = Observer(limit_seconds, kill_after_seconds)
    observer.start()
    try:
        work()
    finally:
        left_behind = end_descendants()
        observer.stop()
    wall_seconds = time.monotonic() - started
    cpu_seconds = _children_seconds() - before
    if observer.seen_cpu_seconds > cpu_seconds * 1.05 + 1:
        raise UsageError(
            f"{observer.seen_cpu_seconds:.1f} CPU-s were seen, {cpu_seconds:.1f} accounted for: a process escaped"
        )
    return Usage(cpu_seconds, wall_seconds, observer.peak_bytes / _MEGABYTE, left_behind), observer.killed


class Observer(threading.Thread):
    """Samples memory and CPU time of all descendants; kills all of them on request, or over the limit."""

    def __init__(self, limit_seconds: float, kill_after_seconds: float | None) -> None:
        super().__init__(daemon=True)
        self.peak_bytes = 0
        self.killed = False
        self._limit_seconds = limit_seconds
        self._kill_after_seconds = kill_after_seconds
        self._seen: dict[tuple[int, float], float] = {}
        self._over = threading.Event()

    @property
    def seen_cpu_seconds(self) -> float:
        """Add up the newest CPU time of each sampled process: a lower bound of the true cost."""
        return sum(self._seen.values())

    def run(self) -> None:
        """Sample until `stop` is called."""
        started = time.monotonic()
        while not self._over.wait(SAMPLE_SECONDS):
            self._sample()
            passed = time.monotonic() - started
            due = self._kill_after_seconds is not None and passed >= self._kill_after_seconds and not self.killed
            self.killed = self.killed or due
            if due or passed > self._limit_seconds:
                _kill_all()

    def stop(self) -> None:
        """End the sampling."""
        self._over.set()
        self.join()

    def _sample(self) -> None:
        total = 0
        for process in psutil.Process().children(recursive=True):
            try:
                with process.oneshot():
                    times = process.cpu_times()
                    total += process.memory_info().rss
                    self._seen[process.pid, process.create_time()] = times.user + times.system
            except psutil.NoSuchProcess:
                continue
        self.peak_bytes = max(self.peak_bytes, total)


def end_descendants() -> int:
    """Wait a moment for living processes, then kill them; reap all. Return how many had to be killed."""
    deadline = time.monotonic() + END_SECONDS_MAX
    while _reap() and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    living = _living()
    if living:
        _kill_all()
    while _reap():
        time.sleep(POLL_SECONDS)
    return len(living)


def _kill_all() -> None:
    """Stop every process before the first is killed, so that a restart of the work is not killed with it."""
    stopped: set[psutil.Process] = set()
    while living := [process for process in _living() if process not in stopped]:
        for process in living:
            _send(process, signal.SIGSTOP)
        stopped.update(living)
    for process in stopped:
        _send(process, signal.SIGKILL)


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def _living() -> list[psutil.Process]:
    return [process for process in psutil.Process().children(recursive=True) if _lives(process)]


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _reap() -> bool:
    """Reap every child that has ended; return whether another one is left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _children_seconds() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime
