"""Who holds a lease: one process of one machine, and whether it still lives as far as this machine can tell."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PID_NAMESPACE = Path("/proc/self/ns/pid")


class Liveness(StrEnum):
    """What this machine knows about a process."""

    RUNS = "runs"
    STANDS_STILL = "stands still"
    """It was stopped by a signal; it may wake up at any time."""
    ENDED = "ended"
    UNKNOWN = "unknown"
    """It is a process of another machine, or of another container: only its lease tells."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process. `machine` is one boot of one kernel and one space of pids: names of hosts are given twice."""

    host: str
    machine: str
    pid: int
    created: float

    @classmethod
    def this_process(cls) -> Self:
        """Describe the process that asks."""
        import psutil  # noqa: PLC0415 - who only keeps a lease describes nobody

        return cls(socket.gethostname(), this_machine(), os.getpid(), psutil.Process().create_time())

    def life(self) -> Liveness:
        """Look whether the process lives."""
        import psutil  # noqa: PLC0415 - see `this_process`

        from flink_jobs.process_identity import find_process  # noqa: PLC0415 - see `this_process`

        if self.machine != this_machine():
            return Liveness.UNKNOWN
        process = find_process(self.pid, self.created)
        try:
            state = process.status() if process else None
        except psutil.NoSuchProcess:
            state = None
        if state is None:
            return Liveness.ENDED
        return Liveness.STANDS_STILL if state in {psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP} else Liveness.RUNS


def this_machine() -> str:
    """Name the space in which pids of this process mean something."""
    try:
        return f"{_BOOT_ID.read_text().strip()}/{_PID_NAMESPACE.stat().st_ino}"
    except OSError:
        import psutil  # noqa: PLC0415 - see `Holder.this_process`

        return f"{socket.gethostname()}/{psutil.boot_time():.0f}"  # no Linux: one space of pids for each boot
