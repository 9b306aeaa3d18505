"""The holder of a lease: one process of one machine, and whether it lives as far as this machine can see."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

import psutil

from flink_jobs.process_identity import find_process

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PID_NAMESPACE = Path("/proc/self/ns/pid")


class Liveness(StrEnum):
    """What this machine knows about a process."""

    RUNS = "runs"
    STOPPED = "stopped"
    """By a signal; it may continue at any time."""
    ENDED = "ended"
    UNKNOWN = "unknown"
    """It is a process of another machine or container: only its lease shows whether it lives."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process. `machine` is one boot of one kernel and one pid namespace, because host names repeat."""

    host: str
    machine: str
    pid: int
    created: float

    @classmethod
    def this_process(cls) -> Self:
        """Describe the calling process."""
        return cls.of_process(os.getpid())

    @classmethod
    def of_process(cls, pid: int) -> Self:
        """Describe a living process of this machine."""
        return cls(socket.gethostname(), this_machine(), pid, psutil.Process(pid).create_time())

    def life(self) -> Liveness:
        """Look whether the process lives."""
        if self.machine != this_machine():
            return Liveness.UNKNOWN
        process = find_process(self.pid, self.created)
        try:
            state = process.status() if process else None
        except psutil.NoSuchProcess:
            state = None
        if state is None:
            return Liveness.ENDED
        return Liveness.STOPPED if state in {psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP} else Liveness.RUNS


def this_machine() -> str:
    """Name the space in which the pids of this process are valid."""
    try:
        return f"{_BOOT_ID.read_text().strip()}/{_PID_NAMESPACE.stat().st_ino}"
    except OSError:
        return f"{socket.gethostname()}/{psutil.boot_time():.0f}"  # not Linux: one pid space per boot
